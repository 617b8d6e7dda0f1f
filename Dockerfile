# The bot with its status page and alerts. See docs/installing.md.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY pyproject.toml setup.py README.md LICENSE requirements*.txt *.py ./
COPY meshbot ./meshbot
RUN python3 -m venv /opt/meshbot \
 && /opt/meshbot/bin/pip install --no-cache-dir --disable-pip-version-check ".[alerts,status]"

FROM ${BASE}
# The group is that of serial ports; the number is written out for whoever owns the volume.
RUN useradd --uid 10001 --groups dialout --home-dir /data --no-create-home meshbot \
 && install -d -o meshbot -m 700 /data
COPY --from=build /opt/meshbot /opt/meshbot
ENV PATH=/opt/meshbot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MESHBOT_DATABASE_PATH=/data/meshbot.db \
    MESHBOT_STATUS_PORT=8080
USER meshbot
WORKDIR /data
VOLUME /data
EXPOSE 8080 4403
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", \
  "import os,urllib.request as u; u.urlopen('http://127.0.0.1:%s/healthz' % os.environ['MESHBOT_STATUS_PORT'], timeout=4)"]
ENTRYPOINT ["meshbot"]
