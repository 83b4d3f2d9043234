/* want layers.pl: 4: includes daemon/db.h: a connector may not use it */
/* want layers.pl: 13: uses db_close of daemon/db.c: a connector may not use it */
/* want layers.pl: 14: calls sleep, which belongs elsewhere */
#include "db.h"
#include <unistd.h>

void seed(struct db *db);

void
seed(struct db *db)
{
	/* The declaration alone is no wall: the call is found by nm. */
	db_close(db);
	sleep(1);
}
