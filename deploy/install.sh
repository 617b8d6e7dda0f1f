#!/bin/sh
# Installs the bot as the service "meshbot", brings it up to date, or takes it away again.
#
# Run it as root from the project's folder: deploy/install.sh [--dry-run] [--upgrade | --uninstall]
# With --site attic it makes, or keeps in order, the service meshbot@attic: one bot for each node.
#
# Everything is checked before anything is changed, and the new program is built beside the old one
# and put in its place at the end: whatever fails before that leaves the old one running.
# It may be run again at any time. Settings live in /etc/meshbot.env, which it never overwrites;
# settings edited in the installed config.py or main_bot.py are carried over into that file, and
# into those of the sites, /etc/meshbot/*.env.

set -eu
umask 022

USAGE="Utilisation : deploy/install.sh [--dry-run] [--site NOM]... [--upgrade | --uninstall [--purge]]
              [--root DOSSIER]

  (rien)        installe le bot, ou le remet en ordre ; garde les réglages
  --site NOM    un bot de plus, meshbot@NOM, pour un autre nœud ; peut être répété
  --upgrade     la même chose, mais refuse s'il n'est pas encore installé
  --uninstall   enlève le programme et le service ; garde les réglages et la base
  --purge       avec --uninstall : enlève aussi les réglages, la base et l'utilisateur
  --dry-run     dit ce qui serait fait, et ne change rien
  --root        installe sous DOSSIER, comme si c'était / (pour essayer)"

say() { printf '%s\n' "$*"; }
refuse() { printf '❌ %s\n' "$*" >&2; exit 1; }

action=install dry_run=no purge=no root= new_sites=
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --upgrade) action=upgrade ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    --site) shift
      case ${1-} in
        '' | -* | .* | *[!A-Za-z0-9_.-]*) refuse "--site : un nom de lettres, de chiffres, de _ . -" ;;
      esac
      new_sites="$new_sites $1" ;;
    --root) shift; [ $# -gt 0 ] || refuse "--root : quel dossier ?"; root=${1%/}
      [ -n "$1" ] || refuse "--root : quel dossier ?" ;;
    --help | -h) say "$USAGE"; exit 0 ;;
    *) refuse "option inconnue : $1
$USAGE" ;;
  esac
  shift
done
[ "$purge" = no ] || [ "$action" = uninstall ] || refuse "--purge ne va qu'avec --uninstall"
[ -z "$new_sites" ] || [ "$action" != uninstall ] || refuse "--site ne va pas avec --uninstall"
[ -d "${root:-/}" ] || refuse "--root : $root n'est pas un dossier"

source_dir=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
pip=${MESHBOT_PIP:-}
program=$root/opt/meshbot
state=$root/var/lib/meshbot
settings=$root/etc/meshbot.env
sites=$root/etc/meshbot
unit=$root/etc/systemd/system/meshbot.service
site_unit=$root/etc/systemd/system/meshbot@.service
command=$root/usr/local/bin/meshbot
fresh=$program.new
former=$program.old
by_hand=$program.avant

# In a scratch root there is no service manager and no user to make.
if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemd=yes; else systemd=no; fi

site_names() {
  for file in "$sites"/*.env; do
    [ ! -e "$file" ] || basename "$file" .env
  done
}

# What runs with this program: the sites, and the bot without a name where there are none, or where
# it has been enabled.
services() {
  for name in $(site_names); do
    printf 'meshbot@%s.service\n' "$name"
  done
  if [ -z "$(site_names)" ] ||
    { [ "$systemd" = yes ] && systemctl --quiet is-enabled meshbot.service 2>/dev/null; }; then
    printf 'meshbot.service\n'
  fi
}

# Does one step, or says it.
step() {
  what=$1
  shift
  if [ "$dry_run" = yes ]; then
    say "  serait fait : $what"
  else
    say "• $what"
    "$@"
  fi
}

# -- What is needed, checked before anything is done ------------------------------------------------

[ "$(id -u)" = 0 ] || refuse "à lancer en root : sudo deploy/install.sh"

if [ "$action" = uninstall ]; then
  [ -d "$program" ] || [ -e "$unit" ] || say "ℹ️ Le bot n'est pas installé ici ; on enlève ce qui reste"
  disable_service() {
    [ "$systemd" = yes ] || return 0
    for service in meshbot.service $(services); do
      systemctl disable --now "$service" 2>/dev/null || true
    done
  }
  reload_units() { [ "$systemd" = no ] || systemctl daemon-reload; }
  remove_user() {
    if [ -z "$root" ] && id meshbot >/dev/null 2>&1; then userdel meshbot; fi
  }
  step "arrêter et désactiver le service" disable_service
  step "enlever $unit, $site_unit, $command et $program" \
    rm -rf "$unit" "$site_unit" "$command" "$program" "$fresh" "$former"
  step "relire les unités de systemd" reload_units
  if [ "$purge" = yes ]; then
    step "enlever les réglages et les bases ($settings, $sites, $state)" \
      rm -rf "$settings" "$sites" "$state"
    step "enlever l'utilisateur meshbot" remove_user
  else
    say "ℹ️ Gardés : $settings, $sites et $state (--purge les enlève aussi)"
  fi
  exit 0
fi

for file in main_bot.py config.py meshbot/__init__.py requirements.txt deploy/meshbot.service \
  deploy/meshbot@.service deploy/carry_over.py; do
  [ -f "$source_dir/$file" ] || refuse "$source_dir n'est pas le dossier du projet : $file manque"
done
[ "$action" = install ] || [ -d "$program" ] || [ -d "$former" ] || refuse "pas encore installé : sans --upgrade d'abord"
[ "$source_dir" != "$program" ] || refuse "à lancer depuis une copie du projet, pas depuis $program"
command -v "$python" >/dev/null || refuse "$python introuvable : sudo apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  refuse "il faut Python 3.11 ou plus récent, $python est $("$python" --version 2>&1)"
case $(readlink -f "$(command -v "$python")") in
  /root/* | /home/* | /tmp/*)
    [ -n "$root" ] || refuse "$python est dans un dossier que le service ne voit pas : PYTHON=/usr/bin/python3" ;;
esac
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  refuse "le module venv manque : sudo apt-get install python3-venv"
free_kb=$(df -Pk "${root:-/}" | awk 'NR == 2 {print $4}')
[ "$free_kb" -gt 400000 ] || refuse "il faut 400 Mo libres sous ${root:-/}, il y en a $((free_kb / 1024))"

# -- The work ---------------------------------------------------------------------------------------

# An earlier run was interrupted just between the old program and the new one.
put_back() { mv "$former" "$program"; }

make_user() {
  if [ -z "$root" ] && ! id meshbot >/dev/null 2>&1; then
    useradd --system --home-dir /var/lib/meshbot --shell /usr/sbin/nologin meshbot
  fi
  mkdir -p "$state"
  if [ -z "$root" ]; then
    chown meshbot:meshbot "$state"
    chmod 700 "$state"
  fi
}

# What is optional is installed where a setting asks for it, so that no update takes it away.
is_set() { grep -qs "^MESHBOT_$1=." "$settings" "$sites"/*.env; }

build() {
  rm -rf "$fresh"
  mkdir -p "$fresh"
  (cd "$source_dir" && tar -cf - --exclude=./.venv --exclude=./.git --exclude=./tests \
    --exclude='./.*_cache' --exclude=./.hypothesis --exclude='__pycache__' --exclude='*.db*' \
    --exclude=./.env --exclude=./build --exclude=./dist --exclude=./meshbot.egg-info \
    --no-wildcards-match-slash --exclude='./*.html' --exclude='./journal*.txt' .) |
    (cd "$fresh" && tar -xf - --no-same-owner)
  chmod -R u=rwX,go=rX "$fresh"
  mkdir "$fresh/.delivered"
  cp "$fresh/config.py" "$fresh/main_bot.py" "$fresh/.delivered/"
  "$python" -m venv "$fresh/.venv"
  set -- -r "$fresh/requirements.txt"
  is_set STATUS_PORT && set -- "$@" -r "$fresh/requirements-status.txt"
  is_set ALERT_URLS && set -- "$@" -r "$fresh/requirements-alerts.txt"
  ${pip:-"$fresh/.venv/bin/python" -m pip} install --quiet --disable-pip-version-check \
    --use-pep517 "$@"
  for source in "$fresh"/meshbot/text/catalogues/*.po; do
    (cd "$fresh" && ${pip:+:} .venv/bin/python -m meshbot.text.compile_catalogue \
      "$source" "${source%.po}.mo")
  done
  ${pip:+:} "$fresh/.venv/bin/python" "$fresh/main_bot.py" --version >/dev/null
}

keep_settings() {
  if [ ! -e "$settings" ]; then
    mkdir -p "$(dirname "$settings")"
    cp "$source_dir/deploy/meshbot.env" "$settings"
    chmod 600 "$settings"
  fi
  for name in $new_sites; do
    [ -e "$sites/$name.env" ] || {
      mkdir -p "$sites"
      sed "s/service meshbot:/service meshbot@$name:/; s/restart meshbot$/restart meshbot@$name/" \
        "$source_dir/deploy/meshbot.env" >"$sites/$name.env"
    }
  done
  if [ -d "$program/.delivered" ]; then
    "$python" "$source_dir/deploy/carry_over.py" "$program/.delivered" "$program" "$settings"
    for name in $(site_names); do
      "$python" "$source_dir/deploy/carry_over.py" "$program/.delivered" "$program" \
        "$sites/$name.env"
    done
  fi
  if is_set ALERT_URLS; then chmod go= "$settings"; fi  # it holds passwords
  if [ -d "$program" ]; then  # settings and a database of a bot that was tried by hand
    find "$program" -maxdepth 1 -type f \( -name .env -o -name '*.db*' \) -exec cp -p {} "$fresh/" \;
  fi
}

swap() {
  rm -rf "$former"
  [ ! -d "$program" ] || mv "$program" "$former"
  if ! mv "$fresh" "$program"; then
    mv "$former" "$program"
    refuse "le nouveau programme n'a pas pu prendre la place de l'ancien, qui est remis"
  fi
  if [ -d "$former" ] && [ ! -d "$former/.delivered" ] && [ ! -e "$by_hand" ]; then
    # Not installed by this script: nobody can tell which settings were edited in its files.
    mv "$former" "$by_hand"
    say "ℹ️ L'ancien programme est gardé sous $by_hand : s'il y avait des réglages modifiés dans ses"
    say "   fichiers, les mettre dans $settings, puis enlever ce dossier"
  fi
}

install_unit() {
  mkdir -p "$(dirname "$unit")" "$(dirname "$command")"
  cp "$program/deploy/meshbot.service" "$unit"
  cp "$program/deploy/meshbot@.service" "$site_unit"
  cp "$program/deploy/meshbot" "$command"
  chmod 755 "$command"
}

start_services() {
  if [ "$systemd" = yes ]; then
    systemctl daemon-reload
    all=$(services)
    for service in $all; do
      systemctl enable "$service"
      systemctl restart "$service" || give_up "$service"
    done
  fi
  rm -rf "$former"
}

give_up() {
  journal="journalctl -u ${1%.service} -n 50"
  [ -d "$former" ] || refuse "le programme ne démarre pas : $journal"
  rm -rf "$program"
  mv "$former" "$program"
  for service in $all; do
    systemctl restart "$service" || true
  done
  refuse "le nouveau programme ne démarre pas, l'ancien est remis : $journal"
}

if [ "$dry_run" = no ]; then
  mkdir -p "$(dirname "$program")"
  exec 9<"$(dirname "$program")"
  flock -n 9 || refuse "une autre installation est en cours"
  trap 'rm -rf "$fresh"' EXIT
  trap 'exit 1' HUP INT TERM
fi

if [ ! -d "$program" ] && [ -d "$former" ]; then
  step "remettre l'ancien programme, qu'une installation interrompue avait mis de côté" put_back
fi
step "utilisateur meshbot et dossier $state" make_user
step "construire le programme et ses bibliothèques à côté ($fresh)" build
step "garder les réglages ($settings)" keep_settings
step "mettre le nouveau programme à sa place ($program)" swap
step "unités $unit, $site_unit et commande $command" install_unit
step "activer et démarrer le service" start_services
[ "$dry_run" = no ] || exit 0

lacks_node() { ! grep -q '^MESHBOT_CONNECTION_MODE=' "$1"; }

for service in $(services); do
  case $service in
    meshbot.service)
      say "✅ Installé. Réglages : $settings ; journal : journalctl -u meshbot -f"
      if lacks_node "$settings"; then
        say "👉 Y mettre l'adresse du nœud, puis : sudo systemctl restart meshbot"
      fi ;;
    *)
      bot=${service%.service} file=$sites/${service#meshbot@}
      file=${file%.service}.env
      say "✅ Installé. Réglages : $file ; journal : journalctl -u $bot -f"
      if lacks_node "$file"; then
        say "👉 Y mettre l'adresse du nœud, puis : sudo systemctl restart $bot"
      fi ;;
  esac
done
[ "$systemd" = yes ] || say "ℹ️ systemd ne tourne pas ici : le service n'a pas été démarré"
