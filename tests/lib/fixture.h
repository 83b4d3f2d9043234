/*
 * fixture.h - a tenant with a configuration, for tests of what happens in the
 * database.  Every test makes tenants of its own in one database, so that the
 * rows of all others are noise that must not matter.
 *
 * SQL texts get the tenant's number as $1.  What fails ends the test.
 */
#ifndef NPSYNC_TESTS_FIXTURE_H
#define NPSYNC_TESTS_FIXTURE_H

#include "contact.h"
#include "event.h"
#include "queue.h"
#include "stage_decide.h"

#define FIXTURE_ZONE "Europe/Copenhagen"
/* A Wednesday after three working days; what fixture_tenant sets. */
#define FIXTURE_NIGHT 20260506

enum fixture_trigger { T_SALE, T_LOSS, T_CASE, T_MEET, T_INACT, T_COUNT };

struct fixture {
	struct db *db;
	struct arena *run, *arena, *scratch;
	struct conf conf;
	struct conf_trigger trigger[T_COUNT];
	struct conf_campaign campaign[T_COUNT];
	struct tenant tenant;
	struct runlog log;
	struct stage stage;
	struct contact_rules rules;
	long long last_tenant, events;
};

/* For cmocka_run_group_tests: cluster, database; *state = struct fixture. */
int fixture_start(void **state);
int fixture_stop(void **state);

/* A new tenant: lease held, sending on, triggers on with campaigns "1" (sale)
 * to "5" (inact), no filters, no consent asked, throttle 30 days. */
void fixture_tenant(struct fixture *f);
/* Night and clock: 03:10 on the wall of that day. */
void fixture_night(struct fixture *f, int night);
time_t fixture_time(int day, int hour, int minute);
/* Another process takes over; the lease of f is worth nothing from now on. */
void fixture_takeover(struct fixture *f);

void fixture_exec(struct fixture *f, const char *fmt, ...) NPS_PRINTF(2, 3);
long long fixture_int(struct fixture *f, const char *fmt, ...)
    NPS_PRINTF(2, 3);
/* The first column of up to n rows. */
void fixture_ints(struct fixture *f, long long *out, size_t n, const char *fmt,
    ...) NPS_PRINTF(4, 5);
/* In f->run; "" for null or no row. */
const char *fixture_text(struct fixture *f, const char *fmt, ...)
    NPS_PRINTF(2, 3);
/* The SQLSTATE it fails with. */
const char *fixture_fails(struct fixture *f, const char *fmt, ...)
    NPS_PRINTF(2, 3);

/* A card id@kunde.dk of connector "crm" whose keys are the texts 'id' and
 * 'card:id', whose facts never grow old; set = assignments ("employed = false, relation = 'Kunde'") or
 * NULL. */
void fixture_card(struct fixture *f, const char *id, const char *set);
/* A card as a pull takes it in, with real keys; match_phone: identity.match has
 * "phone". */
void fixture_pull_contact(struct fixture *f, const char *connector,
    const struct crm_contact *c, bool match_phone);
void fixture_pull_card(struct fixture *f, const char *connector,
    const char *id, const char *email);
/* A row made in the night before, its event the day before; NULL card = none. */
long long fixture_row(struct fixture *f, enum fixture_trigger trigger,
    const char *card, const char *set);
/* One that is due with that rank, its card 'p<rank>' need not exist. */
long long fixture_due(struct fixture *f, int rank);

void fixture_decide(struct fixture *f);
void fixture_decide_waiting(struct fixture *f, const char *connector);
struct rules_night fixture_rules_night(const struct fixture *f);
/* "due", "queued" (undecided), "suppressed throttled", "sent", ... */
const char *fixture_state(struct fixture *f, long long row);
/* "go", "wait" or the reason that a preview of this night shows; "" = not
 * listed. */
const char *fixture_preview(struct fixture *f, long long row);
/* The first rule that blocks the row by explain; "" = none. */
const char *fixture_explain(struct fixture *f, long long row);

size_t fixture_claim(struct fixture *f, int at_most,
    struct queue_claimed **rows);
/* How many rows moved (0 or 1). */
size_t fixture_move(struct fixture *f, enum queue_actor actor, long long row,
    int attempt, enum queue_state to);
/* Every move has one row of history, without gaps, ending in the state. */
void fixture_assert_history(struct fixture *f);

/* Somebody was told of each alarm as it is now. */
void fixture_tell_alarms(struct fixture *f);

#endif
