"""What the tests against real servers share: a user that is not root, processes
that end with the test, a recorder between npsync and the server, an
installation of npsync with a survey service, and TAP.

Only Python's own library: /usr/bin/python3 is all that a test asks for.
"""
import atexit
import ctypes
import datetime
import glob
import http.client
import http.server
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
import zoneinfo

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, os.environ.get("NPSYNC_BUILD", "build"))
ZONE = zoneinfo.ZoneInfo("Europe/Copenhagen")
KEY = "sim-key-0123456789"
PATIENCE_S = 90


# ---- TAP --------------------------------------------------------------------
def skip(reason):
    """Ends the test: nothing can be said here, and why."""
    print("1..1\nok 1 # SKIP " + reason, flush=True)
    sys.exit(0)


def note(text):
    print("# note: " + text, flush=True)


def run_cases(cases):
    """The cases build on each other: the first failure ends the test."""
    print("1..%d" % len(cases), flush=True)
    for n, case in enumerate(cases, 1):
        began = time.monotonic()
        try:
            case()
        except Exception:
            traceback.print_exc(file=sys.stdout)
            for log in logs:
                print("--- %s\n%s" % (log, tail(log)))
            print("not ok %d - %s" % (n, case.__name__), flush=True)
            sys.exit(1)
        print("ok %d - %s\n# %.1f s" % (n, case.__name__,
                                        time.monotonic() - began), flush=True)


def tail(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()[-3000:]


def same(got, expected, what=""):
    assert got == expected, "%s: %r, not %r" % (what, got, expected)


def holds(text, part):
    assert part in text, "%r does not stand in:\n%s" % (part, text)


# ---- processes --------------------------------------------------------------
ENV = {"PATH": "/usr/bin:/usr/sbin:/bin:/sbin", "LANG": "C.UTF-8"}
started, logs = [], []


def environment(**more):
    return {**ENV, "TMPDIR": os.environ.get("TMPDIR", "/tmp"), **more}


def user():
    """Whom root becomes: PostgreSQL and npsync's cluster never run as root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def workplace(name, *programs):
    """A directory of the test with copies of what was built: the build itself
    may lie where only root can read."""
    top = tempfile.mkdtemp(prefix=name + "-")
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    for program in programs:
        shutil.copy(os.path.join(BUILD, program), top)
    os.chmod(top, 0o755)
    owner = user()
    if owner:
        os.chown(top, owner.pw_uid, owner.pw_gid)
    return top


def copy_here(name, top):
    """A file of this directory into that one, for whom root becomes."""
    shutil.copy(os.path.join(HERE, name), top)


def drop_root():
    owner = user()
    if owner:
        os.initgroups(owner.pw_name, owner.pw_gid)
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)
    os.umask(0o077)


def as_user():
    """For subprocess while this is root still."""
    owner = user()
    return {"user": owner.pw_uid, "group": owner.pw_gid,
            "extra_groups": []} if owner else {}


def start(args, log, env):
    """Ends when this process does, however it ends."""
    with open(log, "ab") as out:
        p = subprocess.Popen(
            args, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
            start_new_session=True,
            preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGTERM))
    started.append(p)
    logs.append(log)
    return p


def stop(p):
    if p in started:
        started.remove(p)
    for sig in signal.SIGTERM, signal.SIGKILL:
        try:
            os.killpg(p.pid, sig)
            p.wait(10)
            return
        except subprocess.TimeoutExpired:
            pass
        except ProcessLookupError:
            p.wait()
            return


def stop_all():
    for p in reversed(started[:]):
        stop(p)


atexit.register(stop_all)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, p, log):
    """Until it is true; not longer than the process lives."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and p.poll() is None:
        if what():
            return
        time.sleep(0.1)
    raise AssertionError("the server did not start: " + log)


# ---- HTTP -------------------------------------------------------------------
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, body=None, headers=None, method=None):
    """Status and what the JSON of the answer says, or its text."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {
        "Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with opener.open(request, timeout=PATIENCE_S) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as e:
        status, text = e.code, e.read()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text.decode("utf-8", "replace")


def listens(url):
    try:
        ask(url)
        return True
    except OSError:
        return False


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k: v for k, v in self.headers.items()
                   if k.lower() not in ("connection", "accept-encoding")}
        server.spoil(headers, body)
        link = http.client.HTTPConnection("127.0.0.1", server.target,
                                          timeout=PATIENCE_S)
        link.request(self.command, self.path, body, headers)
        answer = link.getresponse()
        text = answer.read()
        link.close()
        server.seen.append((self.command, self.path, body, answer.status))
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding",
                                    "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    def log_message(self, *args):
        pass


class Recorder(http.server.ThreadingHTTPServer):
    """Stands before the server and keeps what was asked: (method, path, body,
    status).  spoil may change the headers of a request."""
    daemon_threads = True

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.seen = target, []
        self.spoil = lambda headers, body: None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def port(self):
        return self.server_address[1]

    def take(self):
        seen, self.seen = self.seen, []
        return seen


# ---- time -------------------------------------------------------------------
# The server's stamps are the machine's time; the nights that follow are npsync's
# alone (--now).
def local_now():
    return datetime.datetime.now(ZONE).replace(tzinfo=None)


def day_at(days, hour, minute):
    """So many days after today, local time."""
    return datetime.datetime.combine(
        TODAY + datetime.timedelta(days), datetime.time(hour, minute))


def iso_utc(local):
    return local.replace(tzinfo=ZONE).astimezone(
        datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


TODAY = local_now().date()

# ---- npsync -----------------------------------------------------------------
CONF = """
tenant = "real";
test = true;
timezone = "Europe/Copenhagen";
state_dir = "@TOP@/state";
database = "host=@TOP@ dbname=npsync user=npsync";
log = { level = "warning"; };
send = { weekdays = [ "mon", "tue", "wed", "thu", "fri", "sat", "sun" ];
	holidays = []; };
rules = { own_domains = [ "own.example" ]; };
trigger = {
	sale = { campaign = 7750; };
	loss = { campaign = 7751; require_consent = false; };
	case = { campaign = 7752; };
};
crm = ( @CRM@ );
survey = { driver = "npstoday"; base_url = "http://127.0.0.1:@PORT@";
	api_key = "file:@TOP@/key"; rate_per_second = 10.0; };
"""


class Place:
    """An installation with a database and a survey service of its own."""

    def __init__(self, top, crm):
        self.top = top
        self.database_start()
        self.write("key", KEY + "\n")
        self.service_start()
        os.mkdir(os.path.join(top, "state"))
        self.configure(crm)
        self.run(None, "schema", "--apply")

    def path(self, name):
        return os.path.join(self.top, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def database_start(self):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        data, log = self.path("data"), self.path("data.log")
        subprocess.run(
            [self.bin + "/initdb", "-D", data, "-A", "trust", "-U", "npsync",
             "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, stdout=subprocess.DEVNULL, env=environment())
        p = start([self.bin + "/postgres", "-D", data, "-k", self.top,
                   "-c", "listen_addresses=", "-c", "fsync=off",
                   "-c", "full_page_writes=off", "-c", "jit=off"], log,
                  environment())
        wait_until(lambda: self.sql("SELECT 1", "postgres", False) is not None,
                   p, log)
        self.sql("CREATE DATABASE npsync", "postgres")

    def sql(self, text, database="npsync", must=True):
        """Rows as lists of text."""
        r = subprocess.run(
            [self.bin + "/psql", "-h", self.top, "-U", "npsync", "-d",
             database, "-qAtX", "-F", "\t", "-c", text], text=True,
            capture_output=True, env=environment())
        if r.returncode == 0:
            return [line.split("\t") for line in r.stdout.splitlines()]
        assert not must, r.stderr
        return None

    def service_start(self):
        os.mkdir(self.path("service"))
        log = self.path("service.log")
        p = start([self.path("npstoday"), "--ledger", self.path("service"),
                   "--key-file", self.path("key"),
                   "--port-file", self.path("port"), "--no-sync",
                   "--die-with-parent", "--campaigns",
                   "7750=Salg,7751=Tabt salg,7752=Sag lukket"], log,
                  environment())
        wait_until(lambda: os.path.exists(self.path("port")), p, log)
        with open(self.path("port"), encoding="ascii") as f:
            self.port = int(f.read())

    def configure(self, crm):
        self.write("npsync.conf", CONF.replace("@CRM@", crm)
                   .replace("@PORT@", str(self.port))
                   .replace("@TOP@", self.top))

    def tell(self, control, **body):
        status, answer = ask("http://127.0.0.1:%d/sim/%s" % (
            self.port, control), body)
        assert status == 200, answer

    def ledger(self, kind):
        try:
            with open(self.path("service/ledger.jsonl"),
                      encoding="utf-8") as f:
                lines = [json.loads(line) for line in f]
        except FileNotFoundError:
            return []
        return [line for line in lines if line["kind"] == kind]

    def run(self, now, *args, code=0):
        """npsync at that local time, and the survey service's clock with it.
        code None: any."""
        when = []
        if now is not None:
            self.tell("now", now=iso_utc(now))
            when = ["--now", now.strftime("%Y-%m-%dT%H:%M")]
        r = subprocess.run(
            [self.path("npsync"), "-c", self.path("npsync.conf"), *when,
             *args], text=True, capture_output=True, timeout=PATIENCE_S,
            stdin=subprocess.DEVNULL, env=environment())
        print("# $ npsync %s%s: %d\n%s" % (
            "--now %s " % when[1] if when else "", " ".join(args),
            r.returncode, "".join("#   %s\n" % line for line in (
                r.stdout + r.stderr).splitlines())), end="")
        assert code is None or r.returncode == code, "exit %d, not %d" % (
            r.returncode, code)
        return r.stdout + r.stderr

    def rows(self, now, *args):
        return json.loads(self.run(now, "--json", *args))
