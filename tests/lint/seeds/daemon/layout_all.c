/* want layout.pl: 2: blanks at the end */
int x; 
/* want layout.pl: 4: eight blanks */
        int y;
/* want layout.pl: 6: 105 columns */
	/* aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa */
/* want layout.pl: 8: carriage return */
int z;
/* want layout.pl: 1: the last line has no end */