/* want auto.pl: 14: return of the AUTO() variable p */
/* want auto.pl: 21: the AUTO() variable p leaves its scope */
/* want auto.pl: 28: return before the AUTO() variable b has a value */
/* want auto.pl: 36: AUTO() pointer p without a value */
/* not auto.pl: 45: */
/* not auto.pl: 46: */
char *
bad(void)
{
	AUTO(str) char *p = NULL;

	if (p == NULL)
		return NULL;
	return p;
}

void
bad_out(char **out)
{
	AUTO(str) char *p = NULL;
	*out = p;
}

bool
bad_early(int n)
{
	AUTO(buf) struct buf b;
	if (n > 3) return false;
	buf_init(&b, 3);
	return true;
}

void
bad_garbage(void)
{
	AUTO(str) char *p;
	p = NULL;
}

char *
good(char **out)
{
	AUTO(str) char *p = NULL;

	*out = steal(&p);
	return steal(&p);
}
