/* want sizes.pl: 3: long_one has 8[0-9] lines */
/* want sizes.pl:88: wide_one has complexity 14 */
int
long_one(int a)
{
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	a++;
	return a;
}

int
wide_one(int a)
{
	if (a == 1) a++;
	if (a == 2) a++;
	if (a == 3) a++;
	if (a == 4) a++;
	if (a == 5) a++;
	if (a == 6) a++;
	if (a == 7) a++;
	if (a == 8) a++;
	if (a == 9) a++;
	if (a == 10) a++;
	if (a == 11) a++;
	if (a == 12) a++;
	if (a == 13) a++;
	return a;
}
