"""What the simulated node does with admin messages of its own client (``AdminModule.cpp``).

Owned by the node's loop thread; its records are read by others under the node's lock.
"""

import random
from collections import deque
from collections.abc import Callable

from meshtastic.protobuf import admin_pb2

from meshbot.simulation import config_sections
from meshbot.simulation.mesh import SimulatedMesh
from meshbot.simulation.radio import SimulatedRadio
from meshbot.simulation.settings import SimulatedSettings

_RECORDED = 10_000
_PASSKEY_BYTES = 8
_RINGTONE = "24:d=32,o=5,b=565:f6,p,f6,4p,p,f6,p,f6,2p,p,b6,p,b6,p,b6,p,b6,p,b,p,b,p,b,p,b"
# Whether or not the packet says that it wants a response.
_ALWAYS_ANSWERED = ("get_device_metadata_request", "get_ui_config_request")
_SETTINGS = ("set_owner", "set_channel", "set_config", "set_module_config")
# What is taken, and kept nowhere: the simulated node restarts as it was.
_ENDS_IN_RESTART = ("reboot_seconds", "nodedb_reset", "factory_reset_config", "set_ham_mode")


class SimulatedAdmin:
    """Answers questions, and carries out what a bot or an operator's tool asks for."""

    def __init__(
        self,
        radio: SimulatedRadio,
        settings: SimulatedSettings,
        *,
        rng: random.Random,
        restart: Callable[[], None],
    ) -> None:
        """``restart`` is called when a setting was changed."""
        self.contacts_added: deque[admin_pb2.SharedContact] = deque(maxlen=_RECORDED)
        self._radio = radio
        self._settings = settings
        self._passkey = rng.randbytes(_PASSKEY_BYTES)
        self._restart = restart
        self._is_editing = False

    @property
    def _mesh(self) -> SimulatedMesh:
        return self._radio.mesh

    @property
    def _has_all_modules(self) -> bool:
        return not self._radio.identity.profile.excluded_modules

    def obey(
        self, request: admin_pb2.AdminMessage, *, wants_answer: bool
    ) -> admin_pb2.AdminMessage | None:
        """Carry out a request; return the answer to a question."""
        asked = request.WhichOneof("payload_variant") or ""
        answers = wants_answer or asked in _ALWAYS_ANSWERED
        answer = self._answer(asked, request) if answers else None
        if answer is not None:
            answer.session_passkey = self._passkey
            return answer
        match asked:
            case "add_contact":
                contact = request.add_contact
                self.contacts_added.append(contact)
                self._mesh.db.add_contact(contact.node_num, contact.user, self._mesh.now())
            case "remove_by_nodenum":
                self._mesh.db.evict(request.remove_by_nodenum, keeps_key=False)
            case "set_time_only":
                self._mesh.knows_time = True
            case "begin_edit_settings":
                self._is_editing = True
            case "commit_edit_settings":
                self._is_editing = False
                self._restart()
            case _ if asked in _ENDS_IN_RESTART:
                self._restart()
            case _ if asked in _SETTINGS and not self._is_editing:
                self._restart()
        return None

    def _answer(self, asked: str, request: admin_pb2.AdminMessage) -> admin_pb2.AdminMessage | None:
        identity = self._radio.identity
        answer = admin_pb2.AdminMessage()
        match asked:
            case "get_device_metadata_request":
                answer.get_device_metadata_response.CopyFrom(identity.metadata())
            case "get_owner_request":
                owner = identity.user(self._settings, on_air=True)
                answer.get_owner_response.CopyFrom(owner)
            case "get_config_request":
                config = config_sections.asked_config(
                    request.get_config_request, identity, self._settings
                )
                answer.get_config_response.CopyFrom(config)
            case "get_module_config_request":
                module = config_sections.asked_module_config(
                    request.get_module_config_request, identity, self._settings
                )
                answer.get_module_config_response.CopyFrom(module)
            case "get_ui_config_request" if identity.profile.has_ui_settings:
                answer.get_ui_config_response.CopyFrom(config_sections.ui_settings())
            case "get_channel_request":
                # Counted from 1, as 0 would not be seen.
                index = (request.get_channel_request - 1) % config_sections.CHANNELS
                channel = config_sections.channels(identity, self._settings)[index]
                answer.get_channel_response.CopyFrom(channel)
            case "get_canned_message_module_messages_request" if self._has_all_modules:
                answer.get_canned_message_module_messages_response = ""
            case "get_ringtone_request" if self._has_all_modules:
                answer.get_ringtone_response = _RINGTONE
            case _:
                return None
        return answer
