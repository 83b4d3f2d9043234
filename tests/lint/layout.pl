#!/usr/bin/perl -Itests/lint
# layout.pl [FILE...] - width, blanks and line ends of the source.
use strict;
use warnings;
use Source;

my %limit = limits();
for my $file (sources('daemon/*.[ch]', 'connectors/*.h', 'connectors/*/*.[ch]',
    'tests/*/*.[ch]')) {
	my $text = read_file($file);
	finding($file, 1, "the last line has no end") if $text !~ /\n\z/;
	my ($n, $over) = (0, 0);
	for my $line (split /\n/, $text) {
		$n++;
		finding($file, $n, "carriage return") if $line =~ /\r/;
		finding($file, $n, "blanks at the end") if $line =~ /[ \t]\r?$/;
		finding($file, $n, "eight blanks instead of a tab")
		    if $line =~ /^        /;
		# A tab goes to the next eighth column, a character of UTF-8
		# is one column.
		my $wide = $line;
		utf8::decode($wide);
		1 while $wide =~ s/^([^\t]*)\t/$1 . ' ' x (8 - length($1) % 8)/e;
		my $columns = length($wide);
		$over++ if $columns > $limit{COLUMNS};
		# SQL and tables of text read better unbroken.
		finding($file, $n, "$columns columns")
		    if $columns > $limit{COLUMNS_MAX} && $line !~ /"/;
	}
	print "report: $file has $over lines of more than $limit{COLUMNS}"
	    . " columns\n" if $over > 10 && !@ARGV;
}
done();
