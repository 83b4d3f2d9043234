#!/usr/bin/python3
"""Request Tracker as a source of cases: who asked for help is asked how it was,
once the ticket is resolved."""
import time

import real
import rt
from real import day_at, local_now, same

RESOLVED, OPEN = 30, 5
BEGAN = time.monotonic()

server = place = recorder = None
counts = {}


def crm(port, secret="rt.key"):
    return """{ name = "rt"; driver = "rest"; profile = "%s/rt.conf";
	base_url = "http://127.0.0.1:%d/REST/2.0/"; user = "npsync";
	secret = "file:%s/%s"; rate_per_second = 10.0; }""" % (
        server.top, port, server.top, secret)


def mail_of(i):
    return "person.%02d@kunde-%02d.example" % (i, i)


def sent():
    return {(line["email"], int(line["campaign"]))
            for line in place.ledger("respondent")}


# ---- the server alone ----------------------------------------------------------
def server_is_filled():
    server.start()
    server.set_up()
    tickets = server.tickets([["Kunde %02d <%s>" % (i, mail_of(i))]
                              for i in range(RESOLVED + OPEN)])
    server.status(tickets[:RESOLVED], "resolved")
    answer = server.must("GET", "tickets?query=Status='resolved'&per_page=1")
    same(answer["total"], RESOLVED)


def server_has_the_traps():
    same(server.call("GET", "rt", words="npsync:wrong")[0], 401)
    same(server.call("GET", "ticket/9999")[0], 404)
    # Pages end by a count; a further page is empty and no error.
    answer = server.must("GET", "tickets?query=Status='resolved'&per_page=20"
                         "&page=9")
    same((answer["count"], answer["items"]), (0, []))


# ---- npsync --------------------------------------------------------------------
def history_is_not_asked():
    global place, recorder
    recorder = real.Recorder(server.port)
    place = real.Place(server.top, crm(recorder.port))
    place.write("rt.key", rt.NPSYNC_PASSWORD + "\n")
    place.write("wrong.key", "wrong\n")
    place.run(local_now(), "check")
    recorder.take()
    began = time.monotonic()
    text = place.run(local_now(), "run", "hourly")
    real.holds(text, "%d baseline" % RESOLVED)
    counts.update(requests=len(recorder.take()),
                  seconds=time.monotonic() - began)
    place.run(local_now(), "activate")


def resolved_tickets_are_cases():
    new = ["Ny %d <new.%d@ny.example>" % (i, i) for i in range(3)]
    # Two who asked: each is an event of its own.
    tickets = server.tickets([new[:1], new[1:], [mail_of(0)], [mail_of(1)]])
    server.status(tickets[:2], "resolved")
    server.status(tickets[2:3], "rejected")
    place.run(local_now(), "run", "hourly")
    rows = place.rows(local_now(), "queue")
    same(sorted((r["trigger"], r["contact"], r["name"], r["verdict"][:8])
                for r in rows),
         [("case", "new.%d@ny.example" % i, "Ny %d" % i, "would go")
          for i in range(3)])


def night_asks_who_asked_for_help():
    place.run(day_at(1, 3, 10), "run", "night")
    same(sent(), {("new.%d@ny.example" % i, 7752) for i in range(3)})


def second_night_finds_nothing_new():
    before = sent()
    place.run(day_at(1, 20, 7), "run", "hourly")
    text = place.run(day_at(2, 3, 10), "run", "night")
    assert " new" not in text, text
    same(sent(), before)


def wrong_password_is_tried_once():
    recorder.take()
    place.configure(crm(recorder.port, secret="wrong.key"))
    place.run(day_at(2, 9, 7), "run", "hourly", code=1)
    same([status for *_, status in recorder.take()], [401])


def counted():
    real.note("Request Tracker: %d people, %d resolved tickets, %d open; %.0f "
              "requests per 1,000 events, read in %.1f s; %d people asked in 2 "
              "nights; %.0f s in all" % (
                  RESOLVED + OPEN, RESOLVED, OPEN,
                  1000 * counts["requests"] / RESOLVED, counts["seconds"],
                  len(sent()), time.monotonic() - BEGAN))


def main():
    global server
    reason = rt.missing()
    if reason:
        real.skip(reason)
    top = real.workplace("rt", "npsync", "tests/sim/npstoday")
    real.copy_here("rt.conf", top)
    real.drop_root()
    server = rt.RT(top)
    real.run_cases([
        server_is_filled, server_has_the_traps, history_is_not_asked,
        resolved_tickets_are_cases, night_asks_who_asked_for_help,
        second_night_finds_nothing_new, wrong_password_is_tried_once,
        counted])


main()
