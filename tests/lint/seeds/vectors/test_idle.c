/* Named in table.md beside this file; nothing runs it. */
static void
test_idle(void **state)
{
	(void)state;
}
