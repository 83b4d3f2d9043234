#!/usr/bin/perl -Itests/lint
# auto.pl [FILE...] - "return p" of an AUTO() variable frees what it returns;
# no compiler says so.  The same for "*out = p".  steal() hands it over.  An
# AUTO() variable without a value is cleaned up with garbage.
use strict;
use warnings;
use Source;

for my $file (sources('daemon/*.[ch]', 'connectors/*.h', 'connectors/*/*.[ch]',
    'tests/*/*.[ch]')) {
	my $role = role($file);
	my ($n, $depth, %auto, %pointer, %bare) = (0, 0);
	for my $line (split /\n/, code_of(read_file($file))) {
		$n++;
		next if $line =~ /^\s*#/;
		if ($line =~ /\bAUTO\(\w+\)\s+(.*)/) {
			my $rest = $1;
			my ($star, $name) =
			    $rest =~ /(\*?)(\w+)\s*(?:\[[^]]*\]\s*)?[=;,]/ or next;
			($auto{$name}, $pointer{$name}) = ($depth, $star);
			$bare{$name} = 1 if $rest !~ /=/;
			finding($file, $n, "AUTO() pointer $name without a value")
			    if $star && $rest !~ /=/;
			next;
		}
		# A struct may be filled by its x_init(&name) first.
		delete @bare{grep { $line =~ /&\Q$_\E\b/ } keys %bare};
		if ($line =~ /\breturn\b/) {
			finding($file, $n, "return before the AUTO() variable $_"
			    . " has a value") for sort keys %bare;
			%bare = ();
		}
		for my $name (keys %auto) {
			next if allowed('auto', "$role:$name");
			finding($file, $n, "return of the AUTO() variable $name:"
			    . " use steal(&$name)")
			    if $line =~ /\breturn\s*\(?\s*\Q$name\E\s*\)?\s*;/;
			finding($file, $n, "the AUTO() variable $name leaves its"
			    . " scope: use steal(&$name)") if $pointer{$name}
			    && $line =~ /^\s*\*\w+\s*=\s*\Q$name\E\s*;/;
		}
		$depth += ($line =~ tr/{//) - ($line =~ tr/}//);
		delete @auto{grep { $auto{$_} > $depth } keys %auto};
	}
}
done();
