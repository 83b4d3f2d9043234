/*
 * crm.h - inside of the CRM side of the driver.
 */
#ifndef REST_CRM_H
#define REST_CRM_H

#include "profile.h"

struct rest_reader;	/* reader.c: what reading keeps for the run */
struct rest_writer;	/* writing side */

struct rest_crm {
	struct rest rest;
	const struct rest_crm_settings *set;
	struct rest_reader *reader;
	struct rest_writer *writer;
};

#endif
