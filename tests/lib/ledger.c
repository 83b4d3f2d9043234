#include "ledger.h"

#include <stdio.h>
#include <string.h>

#include "../sim/simtime.h"

#define CAMPAIGN_FIRST 7749
#define CAMPAIGNS 6
static const char *const campaign_names[CAMPAIGNS] = { "Møde", "Salg",
	"Tabt salg", "Sag lukket", "Stilhed", "Affär" };

void
ledger_lower(const char *from, char *to, size_t size)
{
	size_t n = 0;

	for (; *from != '\0' && n + 1 < size; from++)
		to[n++] = (char)(*from >= 'A' && *from <= 'Z' ? *from + 32
		                                              : *from);
	to[n] = '\0';
}

bool
ledger_same_address(const char *a, const char *b)
{
	char x[96], y[96];

	ledger_lower(a, x, sizeof(x));
	ledger_lower(b, y, sizeof(y));
	return strcmp(x, y) == 0;
}

/* ---- asked twice ------------------------------------------------------------- */
int
ledger_respondents(struct simproc *sim)
{
	size_t n;
	int respondents = 0;
	const struct simproc_line *line = simproc_ledger(sim, &n);

	for (size_t i = 0; i < n; i++)
		respondents += line[i].kind == SIMPROC_RESPONDENT;
	return respondents;
}

static bool
is_double(const struct simproc_line *a, const struct simproc_line *b, int days)
{
	/* A night begins an hour before its date. */
	const int apart = fakecrm_day_of(b->received + 3600) -
	    fakecrm_day_of(a->received + 3600);

	if (b->guid[0] == '\0' || strcmp(a->guid, b->guid) == 0 ||
	    strcmp(a->ref, b->ref) == 0)
		return true;
	return apart < days && (ledger_same_address(a->email, b->email) ||
	    strcmp(a->external, b->external) == 0);
}

int
ledger_doubles(struct simproc *sim, int days, char *first, size_t size)
{
	size_t n;
	int doubles = 0;
	char x[40], y[40];
	const struct simproc_line *line = simproc_ledger(sim, &n);

	first[0] = '\0';
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++) {
			if (line[i].kind != SIMPROC_RESPONDENT ||
			    line[k].kind != SIMPROC_RESPONDENT ||
			    !is_double(&line[k], &line[i], days))
				continue;
			if (doubles++ == 0)
				(void)snprintf(first, size,
				    "%s was asked %s and %s",
				    line[i].external,
				    sim_time_text(line[k].received, "Z", x,
				        sizeof(x)),
				    sim_time_text(line[i].received, "Z", y,
				        sizeof(y)));
		}
	return doubles;
}

bool
ledger_has_answered(struct simproc *sim, const char *address, int64_t now)
{
	size_t n;
	const struct simproc_line *line = simproc_ledger(sim, &n);

	for (size_t i = 0; i < n; i++)
		if (line[i].kind == SIMPROC_ANSWER && line[i].at <= now &&
		    ledger_same_address(line[i].email, address))
			return true;
	return false;
}

/* ---- tags -------------------------------------------------------------------- */
struct newest {
	int64_t at;
	long long id;
	int rating;		/* of the newest answer; -1 = none */
};
struct answers {
	const struct simproc_line *line;
	size_t n;
	const struct fakecrm *crm;
	const struct ledger_foreign *foreign;
	int n_foreign;
};

/* -1 = nobody in the CRM */
static int
contact_of(const struct answers *all, const struct simproc_line *a)
{
	for (size_t i = 0; i < all->n; i++)
		if ((all->line[i].kind == SIMPROC_RESPONDENT ||
		        all->line[i].kind == SIMPROC_FOREIGN) &&
		    all->line[i].id == a->member &&
		    strncmp(all->line[i].external, "crm:", 4) == 0)
			return fakecrm_find(all->crm,
			    all->line[i].external + 4);
	for (int i = all->n_foreign - 1; i >= 0; i--)
		if (strcmp(all->foreign[i].address, a->email) == 0)
			return all->foreign[i].contact;
	return -1;
}

/* A later line of the same answer replaces it. */
static bool
is_replaced(const struct answers *all, size_t i)
{
	for (size_t k = i + 1; k < all->n; k++)
		if (all->line[k].kind == SIMPROC_ANSWER &&
		    all->line[k].id == all->line[i].id)
			return true;
	return false;
}

static void
take_answer(const struct answers *all, size_t i,
    struct newest found[][CAMPAIGNS])
{
	const struct simproc_line *a = &all->line[i];
	const long long campaign = a->campaign - CAMPAIGN_FIRST;

	if (a->kind != SIMPROC_ANSWER || is_replaced(all, i) || campaign < 0 ||
	    campaign >= CAMPAIGNS)
		return;
	const int contact = contact_of(all, a);
	if (contact < 0)
		return;
	struct newest *f = &found[contact][campaign];
	if (f->rating < 0 || a->at > f->at || (a->at == f->at && a->id > f->id))
		*f = (struct newest){ a->at, a->id, a->rating };
}

static void
tag_make(char out[64], int campaign, int score)
{
	(void)snprintf(out, 64, "NPSToday.%s.%d", campaign_names[campaign],
	    score);
}

static void
expected(const struct fakecrm_contact *c, const struct newest *found,
    struct fakecrm_tags *out)
{
	char tag[64];

	*out = c->own;
	for (int i = 0; i < CAMPAIGNS; i++) {
		if (found[i].rating < 0)
			continue;
		for (int score = 0; score <= 10; score++) {
			tag_make(tag, i, score);
			fakecrm_tag_drop(out, tag);
		}
		tag_make(tag, i, found[i].rating);
		fakecrm_tag_put(out, tag);
	}
}

/* True if they differ. */
static bool
compare(const struct fakecrm_contact *c, const struct fakecrm_tags *want,
    bool say, char *first, size_t size)
{
	bool same = want->n == c->tags.n;

	if (!same && say)
		(void)snprintf(first, size, "%s has %d tags, expected %d",
		    c->id, c->tags.n, want->n);
	for (int t = 0; t < want->n; t++) {
		if (fakecrm_tag_has(&c->tags, want->v[t]))
			continue;
		same = false;
		if (say)
			(void)snprintf(first, size, "%s lacks %s", c->id,
			    want->v[t]);
	}
	return !same;
}

int
ledger_wrong_tags(struct simproc *sim, const struct fakecrm *crm,
    const struct ledger_foreign *foreign, int n_foreign, int *n_tags,
    char *first, size_t size)
{
	static struct newest found[FAKECRM_CONTACTS_MAX][CAMPAIGNS];
	struct answers all = { .crm = crm, .foreign = foreign,
		.n_foreign = n_foreign };
	int wrong = 0;

	for (int i = 0; i < FAKECRM_CONTACTS_MAX; i++)
		for (int c = 0; c < CAMPAIGNS; c++)
			found[i][c] = (struct newest){ .rating = -1 };
	all.line = simproc_ledger(sim, &all.n);
	for (size_t i = 0; i < all.n; i++)
		take_answer(&all, i, found);
	*n_tags = 0;
	for (int i = 0; i < crm->n_contacts; i++) {
		const struct fakecrm_contact *c = &crm->contact[i];
		struct fakecrm_tags want;
		if (!c->exists)
			continue;
		expected(c, found[i], &want);
		wrong += compare(c, &want, wrong == 0, first, size);
		for (int k = 0; k < CAMPAIGNS; k++)
			*n_tags += found[i][k].rating >= 0;
	}
	return wrong;
}
