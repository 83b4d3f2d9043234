"""A Tryton of this machine's packages: made once, started, filled and asked over
its own JSON-RPC.

The database is SQLite: its modules are there in half a minute, where PostgreSQL
takes several.  What it made is kept below the build directory.
"""
import base64
import datetime
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess

import real

PROGRAMS = "/usr/bin/trytond", "/usr/bin/trytond-admin"
MODULES = "sale_opportunity", "sale_complaint"
MODULE_DIR = "/usr/lib/python3/dist-packages/trytond/modules"
PASSWORD = "admin-of-the-test"
NPSYNC_PASSWORD = "kJ3-vTq8,wLs0"


def missing():
    """Why there is no Tryton here, or None."""
    for path in *PROGRAMS, *(os.path.join(MODULE_DIR, m) for m in MODULES):
        if not os.path.exists(path):
            return "Tryton is not here: no " + path
    return None


def version():
    names = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "tryton-*"],
        text=True, capture_output=True).stdout
    return hashlib.sha256((names + PASSWORD).encode()).hexdigest()[:16]


def date(day):
    return {"__class__": "date", "year": day.year, "month": day.month,
            "day": day.day}


class Failure(Exception):
    """The server's own error, which comes with status 200."""


class Tryton:
    def __init__(self, top):
        """While this is root still: the database is kept in the build."""
        self.top = top
        self.port = real.free_port()
        self.conf = os.path.join(top, "trytond.conf")
        self.log = os.path.join(top, "trytond.log")
        with open(self.conf, "w", encoding="ascii") as f:
            f.write("[database]\nuri = sqlite://\npath = %s\n"
                    "[web]\nlisten = 127.0.0.1:%d\n"
                    "[session]\ntimeout = 3600\n" % (top, self.port))
        self.database_get()
        self.headers, self.context = {}, {}
        self.process = None

    def database_get(self):
        kept = os.path.join(real.BUILD, "real", "tryton-%s.sqlite" % version())
        database = os.path.join(self.top, "crm.sqlite")
        self.made = not os.path.exists(kept)
        if self.made:
            self.database_make(database)
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            shutil.copy(database, kept + ".new")
            os.rename(kept + ".new", kept)
        else:
            shutil.copy(kept, database)
        owner = real.user()
        if owner:
            os.chown(database, owner.pw_uid, owner.pw_gid)

    def database_make(self, database):
        password = os.path.join(self.top, "admin.password")
        for path, text in (database, ""), (password, PASSWORD + "\n"):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            owner = real.user()
            if owner:
                os.chown(path, owner.pw_uid, owner.pw_gid)
        for args in (["--all", "--email", "admin@own.example", "-l", "en"],
                     ["-u", *MODULES, "--activate-dependencies"]):
            r = subprocess.run(
                [PROGRAMS[1], "-c", self.conf, "-d", "crm", *args], text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, cwd=self.top, env=real.environment(
                    TRYTONPASSFILE=password), **real.as_user())
            assert r.returncode == 0, r.stdout[-4000:]

    def start(self):
        self.process = real.start(
            [PROGRAMS[0], "-c", self.conf, "-d", "crm"], self.log,
            real.environment())
        real.wait_until(lambda: real.listens(self.url()), self.process,
                        self.log)

    def url(self, database="crm"):
        return "http://127.0.0.1:%d/%s/" % (self.port, database)

    # ---- calls --------------------------------------------------------------
    def post(self, method, *params, headers=None, database="crm"):
        return real.ask(self.url(database), {
            "id": 1, "method": method, "params": list(params)},
            self.headers if headers is None else headers)

    def call(self, method, *params):
        status, answer = self.post(method, *params)
        if status != 200 or "error" in answer:
            raise Failure(method, status, answer)
        return answer["result"]

    def model(self, name, method, *params):
        return self.call("model.%s.%s" % (name, method), *params, self.context)

    def search(self, name, domain, fields, order=None):
        return self.model(name, "search_read", domain, 0, None,
                          order or [["id", "ASC"]], fields)

    def login(self):
        user, session = self.call("common.db.login", "admin",
                                  {"password": PASSWORD}, "en")
        self.headers = {"Authorization": "Session " + base64.b64encode(
            ("admin:%d:%s" % (user, session)).encode()).decode()}

    # ---- what every company has -----------------------------------------------
    def set_up(self):
        """A company, two who sell, and npsync as a user with few rights."""
        currency = self.model("currency.currency", "create", [{
            "name": "Krone", "code": "DKK", "numeric_code": "208",
            "symbol": "kr", "digits": 2,
            "rounding": {"__class__": "Decimal", "decimal": "0.01"}}])[0]
        own, *people = self.parties([
            ("Own A/S", None), ("Lise Dahl", "lise@own.example"),
            ("Jonas Krag", "jonas@own.example")])
        company = self.model("company.company", "create", [{
            "party": own, "currency": currency}])[0]
        self.employees = self.model("company.employee", "create", [{
            "party": p, "company": company} for p in people])
        tied = {"companies": [["add", [company]]], "company": company,
                "employees": [["add", self.employees]],
                "employee": self.employees[0]}
        self.model("res.user", "write", [1], tied)
        groups = self.search("res.group", [["name", "in", [
            "Sale Opportunity", "Sales", "Party Administration"]]], ["name"])
        real.same(len(groups), 3, "groups")
        self.model("res.user", "create", [{
            "name": "npsync", "login": "npsync", "password": NPSYNC_PASSWORD,
            "groups": [["add", [g["id"] for g in groups]]], **tied}])
        self.context = {"company": company, "employee": self.employees[0]}
        origin = self.search("ir.model", [["model", "=", "sale.sale"]],
                             ["model"])[0]["id"]
        self.types = self.model("sale.complaint.type", "create", [
            {"name": name, "origin": origin} for name in ("Service", "Vare")])

    def parties(self, people):
        """(name, mail address or None), ...: their ids."""
        return self.model("party.party", "create", [{
            "name": name, **({"contact_mechanisms": [["create", [
                {"type": "email", "value": mail}]]]} if mail else {})}
            for name, mail in people])

    def deals(self, party_ids, state, day=None):
        """Made as they are: write_date stays null."""
        return self.model("sale.opportunity", "create", [{
            "party": p, "description": "Deal", "state": state,
            "employee": self.employees[i % 2], "start_date": date(
                day or real.TODAY), **({"end_date": date(day)} if day else {})}
            for i, p in enumerate(party_ids)])

    def close(self, deals, state):
        self.model("sale.opportunity", "write", deals, {
            "state": state, "end_date": date(real.TODAY)})

    def complaints(self, party_ids, state, day=None):
        return self.model("sale.complaint", "create", [{
            "customer": p, "type": self.types[i % 2], "state": state,
            "employee": self.employees[i % 2], "date": date(day or real.TODAY)}
            for i, p in enumerate(party_ids)])

    def settle(self, complaints, state):
        self.model("sale.complaint", "write", complaints, {"state": state})

    def age(self, hours):
        """What there is was made one after the other, the last so long ago:
        what the interface cannot."""
        link = sqlite3.connect(os.path.join(self.top, "crm.sqlite"),
                               timeout=60)
        with link:
            for table in ("party_party", "party_contact_mechanism",
                          "sale_opportunity", "sale_complaint"):
                last = link.execute("SELECT max(id) FROM " + table).fetchone()
                for stamp in "create_date", "write_date":
                    link.execute(
                        "UPDATE %s SET %s = strftime('%%Y-%%m-%%d %%H:%%M:%%f',"
                        " %s, (id - ? - ?) || ' hours') WHERE %s IS NOT NULL"
                        % (table, stamp, stamp, stamp), (last[0], hours))
        link.close()

    # ---- cards ----------------------------------------------------------------
    def categories(self, *names):
        have = {c["name"]: c["id"] for c in self.search(
            "party.category", [["name", "in", list(names)]], ["name"])}
        new = [n for n in names if n not in have]
        have.update(zip(new, self.model("party.category", "create", [
            {"name": n} for n in new]) if new else []))
        return [have[n] for n in names]

    def tag(self, party, *names):
        self.model("party.party", "write", [party], {
            "categories": [["add", self.categories(*names)]]})

    def tags(self, party):
        rows = self.search("party.party", [["id", "=", party]],
                           ["categories.name"])
        return sorted(c["name"] for c in rows[0]["categories."])

    def mail_change(self, party, mail):
        """The card itself is not touched by it."""
        rows = self.search("party.contact_mechanism", [
            ["party", "=", party], ["type", "=", "email"]], ["value"])
        self.model("party.contact_mechanism", "write", [rows[0]["id"]],
                   {"value": mail})


# ---- what went over the wire ---------------------------------------------------
def method_of(body):
    m = re.search(rb'"method"\s*:\s*"([^"]+)"', body)
    return m.group(1).decode() if m else ""


def logins(seen):
    return [status for _, _, body, status in seen
            if method_of(body) == "common.db.login"]


def days_ago(days):
    return real.TODAY - datetime.timedelta(days)
