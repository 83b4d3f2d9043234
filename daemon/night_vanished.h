/*
 * night_vanished.h - names of the configuration that the CRM's and the survey
 * service's lists do not have.
 */
#ifndef NPSYNC_NIGHT_VANISHED_H
#define NPSYNC_NIGHT_VANISHED_H

#include "night_int.h"

/* An alarm of kind "vanished" for each: campaigns, and the categories and
 * relations of filters.  A list that could not be read says nothing, and neither
 * do categories or relations that one of the CRMs does not list: what was raised
 * of them stays. */
NPS_MUSTCHECK bool night_find_vanished(struct night *n, struct err *err);

#endif
