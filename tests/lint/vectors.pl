#!/usr/bin/perl -Itests/lint
# vectors.pl [FILE] - the table of vectors names tests that there are, has no
# number twice and leaves none out.
use strict;
use warnings;
use Source;

# "F1-F5", "R4, R5" and "days" as a list.
sub vectors {
	my ($cell) = @_;
	my @all;
	for my $part (split /, /, $cell) {
		if ($part =~ /^([A-Z])(\d+)-\1(\d+)$/) {
			push @all, map { "$1$_" } $2 .. $3;
		} elsif ($part =~ /^[A-Z]\d+$/) {
			push @all, $part;
		} else {
			return ($cell);
		}
	}
	return @all;
}

# A test is defined, and stands in the list that is run.
my %text;
sub fault {
	my ($file, $function) = @_;
	return "there is no $file" unless -e $file;
	return undef unless defined $function;
	$text{$file} //= code_of(read_file($file));
	return "there is no $function in $file"
	    unless $text{$file} =~ /^\Q$function\E\(/m;
	my $times = () = $text{$file} =~ /\b\Q$function\E\b/g;
	return $times > 1 ? undef : "$function in $file is not run";
}

for my $file (sources('tests/VECTORS.md')) {
	my ($n, %line, %last) = (0);
	for (split /\n/, read_file($file)) {
		$n++;
		next unless /^\| (.*?) \| .* \| (.*) \|$/ && $1 ne 'vector';
		my ($cell, $held) = ($1, $2);
		for my $vector (vectors($cell)) {
			finding($file, $n, "$vector stands in line "
			    . "$line{$vector} already") if $line{$vector};
			$line{$vector} = $n;
			next unless $vector =~ /^([A-Z])(\d+)$/;
			$last{$1} = $2 if $2 > ($last{$1} // 0);
		}
		my @tests = $held =~ /`(tests\/[^`]+)`/g;
		finding($file, $n, "$cell: neither a test nor \"Not held: \" "
		    . "and a reason") unless @tests || $held =~ /^Not held: \S/;
		for my $test (@tests) {
			my $fault = fault(split /: /, $test);
			finding($file, $n, "$cell: $fault") if defined $fault;
		}
	}
	for my $letter (sort keys %last) {
		for my $i (1 .. $last{$letter}) {
			finding($file, $n, "$letter$i is missing")
			    unless $line{"$letter$i"};
		}
	}
}
done();
