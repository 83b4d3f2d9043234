/* want banned.pl: 7: strcpy() is banned */
/* want banned.pl: 8: system() is banned */
/* not banned.pl: sprintf */
void
bad(char *to)
{
	strcpy(to, "sprintf(");	/* sprintf() here is a comment */
	system("true");
}
