/*
 * rules.h - turns the rule configuration into the parameters of decide.  It
 * judges nothing: the rules themselves stand in decide_sql.h.
 */
#ifndef NPSYNC_RULES_H
#define NPSYNC_RULES_H

#include "conf.h"
#include "db.h"

enum { RULES_PILOT = 3 };
/* The arrays live as long as this struct. */
struct rules {
	const struct conf *conf;
	struct db_array rule[7], filter[3], choice[8], own_domains, connector[2],
	    waiting, frequency[4], programme[2], countries, pilot[RULES_PILOT], limits;
};
/* Connectors whose facts could not be read: their rows wait. */
struct rules_night {
	long long tenant_id;
	const unsigned char *secret;	/* the tenant's, for keys of addresses */
	int night;		/* date */
	time_t moment;		/* when it decides */
	bool paused;
	const char *const *waiting;
	size_t n_waiting;
};

void rules_init(struct rules *rules, const struct conf *conf);
void rules_free(struct rules *rules);
/* Reads when each connector started, and fills $1 .. $RULES_ARGS. */
NPS_MUSTCHECK bool rules_args(struct rules *rules, struct db *db,
    const struct rules_night *night, struct db_args *args, struct err *err);
#define RULES_ARGS 44

/* What counts how often somebody was asked, the throttle first: scope, most,
 * days, source; and campaign, name of each programme. */
enum { RULES_FREQUENCY = 4, RULES_PROGRAMME = 2 };
void rules_frequency(const struct conf *conf, struct db_array *frequency,
    struct db_array *programme);

/* How long a send counts at most: the throttle, or a longer frequency. */
int rules_send_days(const struct conf *conf);
/* Who may be asked while one of these lists is there: keys of addresses,
 * domains, companies. */
NPS_MUSTCHECK bool rules_pilot(const struct conf *conf,
    const unsigned char *secret, struct db_array pilot[RULES_PILOT],
    struct err *err);

/* Every reason code, in the order in which the first is kept; NULL-ended.
 * The words for people are rules_words(reason). */
extern const char *const rules_reasons[];
const char *rules_words(const char *reason);

#endif
