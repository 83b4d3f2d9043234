/*
 * stage_command.h - does what people told npsync by a tag on a card: Skip takes
 * the card's open rows out once, Ask.<campaign> makes a row.
 */
#ifndef NPSYNC_STAGE_COMMAND_H
#define NPSYNC_STAGE_COMMAND_H

#include "stage.h"

/* After the cards were read, before anybody is decided. */
NPS_MUSTCHECK bool stage_command(struct stage *stage, struct err *err);
/* The same in a transaction of the caller's (a dry run). */
NPS_MUSTCHECK bool stage_command_within(struct stage *stage, struct err *err);

#endif
