/*
 * Of several things that went wrong in a run, which one it says, and with which
 * exit status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "night_int.h"

static struct night night;

static int
setup(void **state)
{
	(void)state;
	memset(&night, 0, sizeof(night));
	night.stage.n_crm = 1;
	return 0;
}

static void
is(const struct err *problem, int code)
{
	assert_ptr_equal(night_problem(&night), problem);
	assert_int_equal(night_exit_code(&night, problem), code);
}

static void
test_the_service_comes_first(void **state)
{
	struct link *crm = &night.crms[0].link, *survey = &night.survey.link;

	(void)state;
	assert_null(night_problem(&night));
	night.mail.kind = ERR_RETRY;
	is(&night.mail, 69);
	survey->aside.kind = ERR_PROTOCOL;
	is(&survey->aside, 1);
	crm->aside.kind = ERR_AUTH;
	is(&crm->aside, err_exit_code(ERR_AUTH));
	night.service.kind = ERR_RETRY;
	is(&night.service, 69);
	survey->failed = true;
	survey->problem.kind = ERR_THROTTLED;
	is(&survey->problem, err_exit_code(ERR_THROTTLED));
	crm->failed = true;
	crm->problem.kind = ERR_CONFIG;
	is(&crm->problem, 78);
}

/* With another CRM the rest was done. */
static void
test_one_of_two_crms(void **state)
{
	struct link *one = &night.crms[0].link, *two = &night.crms[1].link;

	(void)state;
	night.stage.n_crm = 2;
	two->aside.kind = ERR_CONFIG;
	is(&two->aside, 1);
	night.service.kind = ERR_RETRY;
	is(&night.service, 69);
	night.service.kind = ERR_NONE;
	one->failed = true;
	one->problem.kind = ERR_CONFIG;
	is(&one->problem, 1);
	two->failed = true;
	is(&one->problem, 78);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_service_comes_first, setup),
		cmocka_unit_test_setup(test_one_of_two_crms, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
