#!/usr/bin/python3
"""Tryton as the CRM: two nights, from won and lost deals and complaints to the
categories on the parties' cards."""
import base64
import re
import time

import real
import tryton
from real import day_at, holds, local_now, same

# Before npsync is there: closed, and never asked about.
HISTORY = {"won": 420, "lost": 180, "done": 150, "rejected": 50}
PARTIES, OPEN = 1000, 100
BEGAN = time.monotonic()

server = place = recorder = None
party = {}	# what a party is for -> its id
counts = {}


def crm(port, secret="tryton.key", database="crm"):
    return """{ name = "tryton"; driver = "rest"; profile = "tryton";
	base_url = "http://127.0.0.1:%d/%s/"; user = "npsync";
	secret = "file:%s"; rate_per_second = 10.0; }""" % (
        port, database, place.path(secret) if place else "@TOP@/" + secret)


def mail_of(i):
    return "person.%04d@kunde-%04d.example" % (i, i)


def sent():
    return {(line["email"], int(line["campaign"]))
            for line in place.ledger("respondent")}


def known_mail(who):
    return place.sql("SELECT email FROM npsync.contact WHERE contact_id = '%d'"
                     % party[who])[0][0]


def queue(now):
    return {(r["trigger"], r["contact"]): r for r in place.rows(now, "queue")}


# ---- the server alone ----------------------------------------------------------
def server_is_filled():
    server.start()
    server.login()
    server.set_up()
    ids = []
    for first in range(0, PARTIES, 500):
        ids += server.parties([("Kunde %04d" % i, mail_of(i))
                               for i in range(first, min(first + 500, PARTIES))])
    # Those of today, from the end of the list.
    names = ("won", "won_at_once", "lost", "no_send", "done", "rejected",
             "moved", "tagged", "still_open", "second")
    for i, name in enumerate(names):
        party[name] = ids[PARTIES - 1 - i]
        party[name + ".mail"] = mail_of(PARTIES - 1 - i)
    # The oldest of all; its closing is an event of today.
    party["won.deal"] = server.deals([party["won"]], "opportunity")[0]
    at = 0
    for state, n in HISTORY.items():
        make = server.deals if state in ("won", "lost") else server.complaints
        for first in range(0, n, 200):
            make(ids[at:at + min(200, n - first)], state,
                 tryton.days_ago(20 + first // 200))
            at += min(200, n - first)
    server.deals(ids[at:at + OPEN], "opportunity")
    server.age(3)
    party["no_mail"] = server.parties([("Uden Mail", None)])[0]
    server.tag(party["no_send"], "NPSToday.NoSend", "VIP")
    server.tag(party["tagged"], "VIP", "Nyhedsbrev", "NPSToday.Salg.6")
    same(len(server.search("party.party", [["name", "like", "Kunde %"]],
                           ["name"])), PARTIES)


def server_has_the_traps():
    """What the profile was written for is what this server does."""
    fields = ["write_date", "create_date", "email"]
    domain = [["id", "=", party["moved"]]]
    row = server.search("party.party", domain, fields)[0]
    same(row["write_date"], None, "a card that was never changed")
    # A mail lives beside the card.
    server.mail_change(party["moved"], "moved@kunde-moved.example")
    after = server.search("party.party", domain, fields)[0]
    same(after["email"], "moved@kunde-moved.example")
    same(after["write_date"], None, "the card of a changed mail")
    # An error is a 200.
    status, answer = server.post("model.party.party.read", [99999999],
                                 ["name"], {})
    same(status, 200)
    same(answer["error"][0], "UserError")
    for words in "Session " + base64.b64encode(b"npsync:2:gone").decode(), "":
        status, _ = server.post("model.party.party.search_read", [], 0, 1,
                                None, ["name"], {},
                                headers={"Authorization": words})
        same(status, 401, "a session that is none")
    # With SQLite the unknown database is an error of 200, with PostgreSQL 404.
    status, answer = server.post("common.db.login", "npsync", {}, "en",
                                 database="nosuch")
    assert status == 404 or (status == 200 and "error" in answer), status


# ---- npsync --------------------------------------------------------------------
def history_is_not_asked():
    global place, recorder
    recorder = real.Recorder(server.port)
    place = real.Place(server.top, crm(recorder.port))
    place.write("tryton.key", tryton.NPSYNC_PASSWORD + "\n")
    place.write("wrong.key", "wrong\n")
    place.run(local_now(), "check")
    recorder.take()
    began = time.monotonic()
    text = place.run(local_now(), "run", "hourly")
    closed = sum(HISTORY.values())
    holds(text, "%d baseline" % closed)
    requests = recorder.take()
    same(tryton.logins(requests), [200])
    counts.update(closed=closed, requests=len(requests),
                  seconds=time.monotonic() - began)
    same(place.rows(local_now(), "queue"), [])
    place.run(local_now(), "activate")


def closings_are_queued():
    deals = server.deals([party[k] for k in (
        "no_send", "tagged", "no_mail", "lost", "still_open")], "opportunity")
    server.close([party["won.deal"], *deals[:3]], "won")
    server.close(deals[3:4], "lost")
    server.deals([party["won_at_once"]], "won", real.TODAY)
    cases = server.complaints([party["done"], party["rejected"]], "waiting")
    server.settle(cases[:1], "done")
    server.settle(cases[1:], "rejected")
    # Only what is new is read, of the many that are there.
    text = place.run(local_now(), "run", "hourly")
    holds(text, "8 queued")
    assert int(re.search(r"(\d+) known", text).group(1)) < 30, text
    rows = queue(local_now())
    same({k: v["verdict"].split(" ")[1] == "go"
          for k, v in rows.items()}, {
        ("sale", str(party["won"])): True,
        ("sale", str(party["won_at_once"])): True,
        ("sale", str(party["tagged"])): True,
        ("sale", str(party["no_send"])): False,
        ("sale", str(party["no_mail"])): False,
        ("loss", str(party["lost"])): True,
        ("case", str(party["done"])): True,
        ("case", str(party["rejected"])): True})
    holds(rows["sale", str(party["no_send"])]["verdict"], "no-send tag")
    holds(rows["sale", str(party["no_mail"])]["verdict"], "no mail address")


def night_asks_these_people():
    place.run(day_at(1, 3, 10), "run", "night")
    same(sent(), {(party[who + ".mail"], campaign) for who, campaign in (
        ("won", 7750), ("won_at_once", 7750), ("tagged", 7750),
        ("lost", 7751), ("done", 7752), ("rejected", 7752))})


def answers_become_categories():
    place.run(day_at(1, 9, 30), "run", "hourly")
    for who, campaign, rating in (("won", 7750, 9), ("tagged", 7750, 8),
                                  ("lost", 7751, 3), ("done", 7752, 10)):
        place.tell("answer", email=party[who + ".mail"], campaignId=campaign,
                   rating=rating, at=iso(1, 11))
    place.run(day_at(1, 14, 7), "run", "hourly")
    same(server.tags(party["won"]), ["NPSToday.Salg.9"])
    same(server.tags(party["lost"]), ["NPSToday.Tabt salg.3"])
    same(server.tags(party["done"]), ["NPSToday.Sag lukket.10"])
    # The old score goes, what others put there stays.
    same(server.tags(party["tagged"]),
         ["NPSToday.Salg.8", "Nyhedsbrev", "VIP"])
    same(server.tags(party["no_send"]), ["NPSToday.NoSend", "VIP"])


def newer_score_replaces_the_older():
    place.tell("answer", email=party["won.mail"], campaignId=7750, rating=4,
               at=iso(1, 15))
    server.tag(party["won"], "Messe 2026")
    place.run(day_at(1, 16, 7), "run", "hourly")
    same(server.tags(party["won"]), ["Messe 2026", "NPSToday.Salg.4"])


def second_night_asks_nobody():
    """Our own tags came back as changes, and a mail address changed beside its
    card."""
    before = sent()
    server.mail_change(party["second"], "other@kunde-other.example")
    place.run(day_at(1, 20, 7), "run", "hourly")
    same(known_mail("won"), party["won.mail"])
    same(known_mail("second"), "other@kunde-other.example")
    text = place.run(day_at(2, 3, 10), "run", "night")
    assert " new" not in text.split("collect")[0], text
    same(sent(), before)


def changed_mail_is_asked():
    deal = server.deals([party["second"]], "opportunity")
    server.close(deal, "won")
    place.run(day_at(2, 20, 7), "run", "hourly")
    server.mail_change(party["second"], "third@kunde-third.example")
    before = sent()
    place.run(day_at(3, 3, 10), "run", "night")
    same(sent() - before, {("third@kunde-third.example", 7750)})


# ---- what goes wrong -------------------------------------------------------------
def session_that_ended_is_renewed_once():
    recorder.take()
    state = {"reads": 0}

    def spoil(headers, body):
        if tryton.method_of(body).startswith("model."):
            state["reads"] += 1
            if state["reads"] == 2:
                headers["Authorization"] = "Session " + base64.b64encode(
                    b"npsync:2:gone").decode()

    recorder.spoil = spoil
    place.run(day_at(3, 8, 7), "run", "hourly")
    recorder.spoil = lambda headers, body: None
    seen = recorder.take()
    same(tryton.logins(seen), [200, 200])
    same([status for *_, status in seen].count(401), 1)


def wrong_password_is_tried_once():
    recorder.take()
    place.configure(crm(recorder.port, secret="wrong.key"))
    place.run(day_at(3, 9, 7), "run", "hourly", code=1)
    same(tryton.logins(recorder.take()), [401])


def unknown_database_is_one_line():
    place.configure(crm(recorder.port, database="nosuch"))
    text = place.run(day_at(3, 10, 7), "run", "hourly", code=1)
    recorder.take()
    holds(text, "tryton")
    place.configure(crm(recorder.port))
    place.run(day_at(3, 11, 7), "run", "hourly")


def counted():
    real.note("Tryton: %d parties, %d closed deals and complaints, %d open; "
              "%.0f requests per 1,000 events, read in %.1f s; %d people asked "
              "in 3 nights; %.0f s in all%s" % (
                  PARTIES, counts["closed"], OPEN,
                  1000 * counts["requests"] / counts["closed"],
                  counts["seconds"], len(sent()), time.monotonic() - BEGAN,
                  ", the server was made" if server.made else ""))


def iso(days, hour):
    return real.iso_utc(day_at(days, hour, 0))


def main():
    global server
    reason = tryton.missing()
    if reason:
        real.skip(reason)
    top = real.workplace("tryton", "npsync", "tests/sim/npstoday")
    server = tryton.Tryton(top)
    real.drop_root()
    real.run_cases([
        server_is_filled, server_has_the_traps, history_is_not_asked,
        closings_are_queued, night_asks_these_people,
        answers_become_categories, newer_score_replaces_the_older,
        second_night_asks_nobody, changed_mail_is_asked,
        session_that_ended_is_renewed_once, wrong_password_is_tried_once,
        unknown_database_is_one_line, counted])


main()
