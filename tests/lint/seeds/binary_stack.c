/* want binary.sh: executable stack */
int
main(void)
{
	return 0;
}
