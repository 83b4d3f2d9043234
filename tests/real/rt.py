"""A Request Tracker of this machine's packages, started, filled and asked over
its own REST interface (version 2.0).  Its database is SQLite and takes seconds
to make."""
import base64
import os
import subprocess

import real

SERVER = "/usr/share/request-tracker5/libexec/rt-server"
SETUP = "/usr/sbin/rt-setup-database-5"
ROOT = "root:password"
NPSYNC_PASSWORD = "npsync-of-the-test"
# The modules' own places belong to the system's www-data: they are set anew.
CONF = """
Set($rtname, 'own.example');
Set($Organization, 'own.example');
Set($Timezone, 'Europe/Copenhagen');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '@TOP@/rt.sqlite');
Set($WebDomain, '127.0.0.1');
Set($WebPort, @PORT@);
Set($WebPath, '');
Set($BcryptCost, 10);
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
$RT::VarPath = '@TOP@/var';
$RT::MasonDataDir = '@TOP@/var/mason';
$RT::MasonSessionDir = '@TOP@/var/session';
1;
"""


def missing():
    """Why there is no Request Tracker here, or None."""
    for path in SERVER, SETUP:
        if not os.path.exists(path):
            return "Request Tracker is not here: no " + path
    return None


def basic(words):
    return {"Authorization": "Basic " + base64.b64encode(
        words.encode()).decode()}


class RT:
    def __init__(self, top):
        self.top = top
        self.port = real.free_port()
        self.log = os.path.join(top, "rt.log")
        conf = os.path.join(top, "rt.pm")
        for name in "var", "var/mason", "var/session":
            os.mkdir(os.path.join(top, name))
        with open(conf, "w", encoding="ascii") as f:
            f.write(CONF.replace("@TOP@", top)
                    .replace("@PORT@", str(self.port)))
        self.env = real.environment(RT_SITE_CONFIG=conf, HOME=top,
                                    RT_SITE_CONFIG_DIR="/dev/null")

    def start(self):
        r = subprocess.run(
            [SETUP, "--action", "init", "--skip-create", "--dba", "",
             "--dba-password", ""], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.top,
            env=self.env)
        assert r.returncode == 0, r.stdout[-4000:]
        p = real.start([SERVER, "--server", "Starlet", "--host", "127.0.0.1",
                        "--port", str(self.port), "--workers", "1"], self.log,
                       self.env)
        real.wait_until(lambda: real.listens(self.url("rt")), p, self.log)

    def url(self, path):
        return "http://127.0.0.1:%d/REST/2.0/%s" % (self.port, path)

    def call(self, method, path, body=None, words=ROOT):
        return real.ask(self.url(path), body, basic(words), method)

    def must(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        assert status in (200, 201), (method, path, status, answer)
        return answer

    def set_up(self):
        for name, password in ("npsync", NPSYNC_PASSWORD), ("lise", "x" * 12):
            self.must("POST", "user", {
                "Name": name, "Password": password, "Privileged": 1,
                "EmailAddress": name + "@own.example"})
        # npsync only looks; others must be allowed to own tickets.
        self.by_modules({"lise": ("OwnTicket",),
                         "npsync": ("SeeQueue", "ShowTicket", "AdminUsers")})

    def by_modules(self, rights):
        """What the interface of this version cannot: grant rights, and keep
        the server from writing mails."""
        lines = ["use lib '/usr/share/request-tracker5/lib';",
                 "use RT; RT::LoadConfig(); RT::Init();",
                 "my $all = RT::Scrips->new(RT->SystemUser); $all->UnLimit;",
                 "while (my $one = $all->Next) { $one->SetDisabled(1); }"]
        for name, granted in rights.items():
            for right in granted:
                lines.append(
                    "{ my $u = RT::User->new(RT->SystemUser);"
                    "$u->Load('%s') or die;"
                    "my ($ok, $why) = $u->PrincipalObj->GrantRight("
                    "Right => '%s', Object => RT->System);"
                    "die $why if !$ok; }" % (name, right))
        r = subprocess.run(["/usr/bin/perl", "-e", "\n".join(lines)],
                           text=True, capture_output=True, cwd=self.top,
                           env=self.env, stdin=subprocess.DEVNULL)
        assert r.returncode == 0, r.stderr

    def tickets(self, requestors):
        """One for each list of "Name <address>"; persons that are not there
        are made.  Ids."""
        made = self.must("POST", "tickets/bulk", [{
            "Queue": "General", "Subject": "Help", "Owner": "lise",
            "Requestor": people, "Content": "..."} for people in requestors])
        return [one["id"] for one in made]

    def status(self, tickets, status):
        self.must("PUT", "tickets/bulk", [
            {"id": t, "Status": status} for t in tickets])
