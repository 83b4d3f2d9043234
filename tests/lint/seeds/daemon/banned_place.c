/* want banned.pl: 11: printf() belongs in */
/* want banned.pl: 12: strtoll() belongs in */
/* want banned.pl: 13: time() belongs in */
/* want banned.pl: 14: PQexec() belongs in */
/* want banned.pl: 15: exit() belongs in */
/* want banned.pl: 16: malloc() outside */
/* not banned.pl: 22: */
void
bad(void)
{
	printf("x");
	strtoll("1", 0, 10);
	time(0);
	PQexec(0, "");
	exit(1);
	malloc(3);
}

void *
x_open(void)
{
	return calloc(1, 3);
}
