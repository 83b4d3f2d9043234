/*
 * export.c - the CSV exports of a CRM that does not exist: 40 invented Nordic
 * companies and about 200 contacts, every date relative to --now.  The demo
 * and the system tests read them through the files connector.  --step 1 is
 * the history, 2 adds what happened in the twelve hours before now, 3 the
 * following day.  --import plays the CRM's side of the import sheets, --bulk
 * writes large files for memory tests.  Same seed, same bytes.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "parts/export/export.h"

static const struct special {
	const char *name, *events, *expected;
} specials[WHO_N] = {
	[PAIR] = { "pair", "S-9001 A-9001", "one survey: deal before meeting" },
	[CARD_A] = { "card-a", "S-9002", "asked; same address as card-b" },
	[CARD_B] = { "card-b", "A-9002", "duplicate_person" },
	[LEFT] = { "left", "S-9003", "left_company" },
	[NO_SEND] = { "no-send", "C-9001 A-9012", "no_send" },
	[COMPANY_NO_SEND] = { "company-no-send", "S-9004", "company_no_send" },
	[INTERNAL] = { "internal", "A-9003", "internal" },
	[NO_MAIL] = { "no-mail", "S-9005", "no_address" },
	[BAD_MAIL] = { "bad-mail", "C-9002", "bad_address" },
	[ROLE] = { "role", "C-9003", "asked once, listed as role address" },
	[OLD_MEETING] = { "old-meeting", "A-9004", "too_old: 20 days" },
	[CATEGORY] = { "category", "A-9005", "filtered: Salgsmøde" },
	[RELATION] = { "relation", "A-9006", "filtered: Kundeemne" },
	[LANGUAGE] = { "language", "S-9007", "no_campaign: is" },
	[CAP_1] = { "cap-1", "S-9008", "asked" },
	[CAP_2] = { "cap-2", "S-9009", "asked" },
	[CAP_3] = { "cap-3", "C-9004", "asked" },
	[CAP_4] = { "cap-4", "A-9007", "company_cap: 3 in 7 days" },
	[SILENT] = { "silent", "-", "inact, a night later" },
	[SILENT_PLANNED] = { "silent-planned", "A-8001", "planned" },
	[SILENT_NO_CONSENT] = { "silent-no-consent", "-", "no_consent" },
	[SILENT_AGAIN] = { "silent-again", "A-9102 (step 3)", "active_again" },
	[WIN_1] = { "win-1", "S-9010", "asked" },
	[WIN_2] = { "win-2", "S-9011", "asked" },
	[WIN_3] = { "win-3", "S-9012", "asked" },
	[LOSS_1] = { "loss-1", "S-9013", "asked" },
	[LOSS_2] = { "loss-2", "S-9014", "asked" },
	[CASE_1] = { "case-1", "C-9005", "asked" },
	[CASE_2] = { "case-2", "C-9006", "asked" },
	[CASE_3] = { "case-3", "C-9007", "asked" },
	[MEET_1] = { "meet-1", "A-9008, S-9101 (step 3)",
	    "asked; the day after: throttled" },
	[MEET_2] = { "meet-2", "A-9009", "asked; carries NPSToday.Møde.6" },
	[MEET_3] = { "meet-3", "A-9010", "asked" },
	[MEET_4] = { "meet-4", "A-9011", "asked" },
	[TWO] = { "two", "A-9012", "asked; the other participant is no-send" },
	[NEW_1] = { "new-1", "A-9101 (step 3)", "asked" },
	[NEW_2] = { "new-2", "C-9101 (step 3)", "asked" },
	[NEW_3] = { "new-3", "S-9102 (step 3)", "asked" },
};

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr,
	    "export: %s\n"
	    "usage: export --dir D --now 2026-11-25T20:00:00Z [--step 1|2|3]\n"
	    "           [--zone Europe/Copenhagen] [--contacts 200] [--seed "
	    "7]\n"
	    "           [--next-hours 24] [--list]\n"
	    "       export --import SHEETDIR --dir D\n"
	    "       export --bulk N --dir D --now T\n",
	    what);
	exit(64);
}

static void
bulk_write(struct export *e)
{
	char day[DATE];
	const int64_t start = e->now - 300 * DAY_S;
	FILE *f = csv_open(e->dir, "contacts.csv");
	ROW(f, "KontaktId", "Kontaktnøgle", "Fornavn", "Efternavn", "E-mail",
	    "FirmaId", "Afdeling", "Ansat", "Sprog", "Land", "KAM",
	    "KAM e-mail", "Samtykke", "Samtykke dato");
	events_open(e);
	for (int64_t i = 1; i <= e->bulk; i++) {
		const long long n = i;
		local(e, start + i % 28800 * 900, day);
		fprintf(f,
		    "P-%lld;K-%lld;Åse;Løvgren %lld;p%lld@f%lld.example;F-%d;"
		    "Drift;Ja;da;DK;%s;%s;Ja;%s\r\n",
		    n, n, n, n, n % 5000, 101 + (int)(i % OURS), kams[0][0],
		    kams[0][1], day);
		fprintf(e->deals, "S-%lld;Aftale;%s;%s;P-%lld;F-%d;%s\r\n", n,
		    i % 3 == 0 ? "Tabt" : "Vundet", day, n,
		    101 + (int)(i % OURS), kams[0][0]);
		fprintf(e->activities,
		    "A-%lld;Møde;Kundepleje;Afholdt;%s;P-%lld;"
		    "F-%d;%s;Nej;Emne\r\n",
		    n, day, n, 101 + (int)(i % OURS), kams[0][0]);
	}
	csv_close(f, e->dir, "contacts.csv");
	events_close(e);
	companies_write(e);
	const struct tags none = { NULL, 0 };
	tags_write(e->dir, &none);
	f = csv_open(e->dir, "company_tags.csv");
	ROW(f, "FirmaId", "Infotag");
	csv_close(f, e->dir, "company_tags.csv");
}

static void
list_write(const struct export *e)
{
	char id[16];
	for (int i = 0; i < WHO_N; i++) {
		const struct contact *c = &e->contacts[i];
		fprintf(stdout, "%-18s %s  F-%d  %-24s  %s\n", specials[i].name,
		    contact_id(i, id), 101 + c->company, specials[i].events,
		    specials[i].expected);
	}
	fprintf(stdout, "%-18s %-6s  %-5s  %-24s  %s\n", "nobody", "-", "-",
	    "S-9006", "no_contact");
	fprintf(stdout, "%-18s %-6s  %-5s  %-24s  %s\n", "unreadable", "-", "-",
	    "S-9015", "quarantine: 31-02-2026");
}

static void
number(const char *arg, int64_t min, int64_t max, int64_t *out)
{
	if (!sim_num(arg, out) || *out < min || *out > max)
		usage(arg);
}

static void
options(struct export *e, int argc, char **argv)
{
	static const struct option longs[] = { { "dir", 1, NULL, 'd' },
		{ "now", 1, NULL, 'n' }, { "zone", 1, NULL, 'z' },
		{ "step", 1, NULL, 's' }, { "contacts", 1, NULL, 'c' },
		{ "seed", 1, NULL, 'r' }, { "next-hours", 1, NULL, 'h' },
		{ "list", 0, NULL, 'l' }, { "import", 1, NULL, 'i' },
		{ "bulk", 1, NULL, 'b' }, { NULL, 0, NULL, 0 } };
	int c;
	bool have_now = false;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'd':
			e->dir = optarg;
			break;
		case 'n':
			have_now = sim_time_parse(optarg, &e->now);
			break;
		case 'z':
			e->zone = optarg;
			break;
		case 's':
			number(optarg, 1, 3, &e->step);
			break;
		case 'c':
			number(optarg, 160, CONTACTS_MAX, &e->n);
			break;
		case 'r':
			number(optarg, 0, 1000000, &e->seed);
			break;
		case 'h':
			number(optarg, 8, 240, &e->next_h);
			break;
		case 'l':
			e->list = true;
			break;
		case 'i':
			e->import = optarg;
			break;
		case 'b':
			number(optarg, 1, 100000000, &e->bulk);
			break;
		default:
			usage("unknown option");
		}
	if (!zone_set(e))
		usage("--zone: Europe/Copenhagen, /Stockholm, /Oslo, /Berlin, "
		      "/Helsinki, Atlantic/Reykjavik or UTC");
	if (e->dir == NULL && !e->list)
		usage("--dir is needed");
	if (!have_now && e->import == NULL && !e->list)
		usage("--now is needed, as 2026-11-25T20:00:00Z");
}

int
main(int argc, char **argv)
{
	static struct export e = { .zone = "Europe/Copenhagen",
		.n = 200,
		.step = 1,
		.seed = 7,
		.next_h = 24 };
	options(&e, argc, argv);
	if (e.dir != NULL && mkdir(e.dir, 0750) != 0 && errno != EEXIST)
		die(e.dir);
	if (e.import != NULL) {
		import_run(&e);
		return 0;
	}
	contacts_make(&e);
	if (e.list) {
		list_write(&e);
	} else if (e.bulk > 0) {
		bulk_write(&e);
	} else {
		contacts_write(&e);
		companies_write(&e);
		events_write(&e);
		tags_export(&e);
	}
	return 0;
}
