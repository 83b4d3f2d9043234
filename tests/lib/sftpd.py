#!/usr/bin/python3
"""An SFTP server for tests: asyncssh on a loopback port, for any user.

sftpd.py DIR

Writes its keys (DIR/host, DIR/host.pub), those of a user it lets in (DIR/key,
DIR/key.pub), the fingerprint of its own (DIR/print), and last DIR/port, when it
listens.  The password of any user is "password".  A file whose name begins with
"growing" has a line more after each reading of it.  It ends with who started it.
"""
import asyncio
import ctypes
import os
import signal
import sys

import asyncssh


class Login(asyncssh.SSHServer):
    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return password == "password"


class Files(asyncssh.SFTPServer):
    def close(self, file_obj):
        name = os.fsdecode(file_obj.name)
        super().close(file_obj)
        if os.path.basename(name).startswith("growing"):
            with open(name, "a", encoding="ascii") as f:
                f.write("more\n")


def make_key(place, name):
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(os.path.join(place, name))
    key.write_public_key(os.path.join(place, name + ".pub"))
    return key


def write(place, name, text):
    path = os.path.join(place, name)
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write(text)
    os.rename(path + ".new", path)


async def main(place):
    host = make_key(place, "host")
    make_key(place, "key")
    write(place, "print", host.get_fingerprint("sha256") + "\n")
    server = await asyncssh.create_server(
        Login, "127.0.0.1", 0, server_host_keys=[host],
        authorized_client_keys=os.path.join(place, "key.pub"),
        sftp_factory=Files)
    write(place, "port", "%d\n" % server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
asyncio.run(main(sys.argv[1]))
