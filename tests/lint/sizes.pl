#!/usr/bin/perl -Itests/lint
# sizes.pl [FILE...] - length and complexity of functions by pmccabe.  A
# function over the limit fails unless tests/lint/limits gives a reason; the
# rest is reported, for size is a habit.
use strict;
use warnings;
use Source;

my %limit = limits();
my %listed = map { /^function\s+(\S+)\s+\S/ ? ($1, 1) : () }
    split /\n/, read_file('tests/lint/limits');
my @files = sources('daemon/*.c', 'connectors/*/*.c');
done() unless @files;

my (@length, %used);
open(my $in, '-|', 'pmccabe', @files) or die "pmccabe: $!\n";
while (<$in>) {
	# complexity (a switch counts once), the same by case, statements,
	# first line, lines, FILE(LINE): NAME
	my ($cyclo, $first, $lines, $file, $name) =
	    /^(\d+)\s+\d+\s+\d+\s+(\d+)\s+(\d+)\s+(.+?)\(\d+\):\s+(\S+)/ or next;
	push @length, $lines;
	my $key = role($file) . ":$name";
	$used{$key} = 1;
	next if $listed{$key};
	finding($file, $first, "$name has $lines lines, at most $limit{FN_MAX}")
	    if $lines > $limit{FN_MAX};
	finding($file, $first,
	    "$name has complexity $cyclo, at most $limit{CYCLO_MAX}")
	    if $cyclo > $limit{CYCLO_MAX};
}
close($in) or die "pmccabe failed\n";
if (!@ARGV) {
	finding('tests/lint/limits', 1, "lists $_, which does not exist")
	    for grep { !$used{$_} } sort keys %listed;
	@length = sort { $a <=> $b } @length;
	printf "report: %d functions, median %d lines (%d), p95 %d (%d), longest"
	    . " %d\n", scalar @length, $length[$#length / 2], $limit{FN_MEDIAN},
	    $length[$#length * 0.95], $limit{FN_P95}, $length[-1] if @length;
	for my $file (sort map { glob } 'daemon/*.[ch]', 'connectors/*.h',
	    'connectors/*/*.[ch]') {
		my $lines = () = read_file($file) =~ /\n/g;
		my $max = $file =~ /c$/ ? $limit{C_MAX} : $limit{H_MAX};
		print "report: $file has $lines lines, aim $max\n" if $lines > $max;
	}
}
done();
