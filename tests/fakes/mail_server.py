"""A mail server of a few commands: it keeps what it is given, and refuses when it is told to."""

from __future__ import annotations

import email
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message that was taken."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes


@dataclass
class MailServer:
    """What a mail server does.

    :param port: of 127.0.0.1.
    :param refusals: answers in place of the usual, by the command (``RCPT``), each once.
    :param hangs_up: after a message it goes without an answer, so often.
    """

    port: int = 0
    refusals: dict[str, list[str]] = field(default_factory=dict)
    hangs_up: int = 0
    mails: list[Mail] = field(default_factory=list)


class _Handler(socketserver.StreamRequestHandler):
    owner: MailServer

    def handle(self) -> None:
        """Answer, command by command."""
        with suppress(ConnectionError):
            self._say("220 here")
            sender, recipients = "", list[str]()
            while line := self.rfile.readline():
                text = line.decode().strip()
                command = text[:4].upper()
                if told := self.owner.refusals.get(command):
                    self._say(told.pop(0))
                elif command == "MAIL":
                    sender, recipients = text.partition("<")[2].partition(">")[0], []
                    self._say("250 fine")
                elif command == "RCPT":
                    recipients.append(text.partition("<")[2].partition(">")[0])
                    self._say("250 fine")
                elif command == "DATA":
                    self._say("354 go on")
                    self._take(sender, recipients)
                    if self.owner.hangs_up:
                        self.owner.hangs_up -= 1
                        return
                    self._say("250 taken")
                elif command == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 fine")

    def _take(self, sender: str, recipients: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        raw = b"".join(lines)
        message = email.message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        mail = Mail(sender=sender, recipients=tuple(recipients), message=message, raw=raw)
        self.owner.mails.append(mail)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Serve on a port of this machine, until the block ends."""
    one = MailServer()
    handler = type("Handler", (_Handler,), {"owner": one})
    with _Server(("127.0.0.1", 0), handler) as server:
        one.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield one
        finally:
            server.shutdown()
            thread.join()
