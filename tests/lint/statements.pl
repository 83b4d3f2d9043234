#!/usr/bin/perl -Itests/lint
# statements.pl [FILE...] - every DB_STMT, after the preprocessor:
#  - each table of the schema in it is held to the tenant by tenant_id = $1,
#    in the same query block; an INSERT gives tenant_id first;
#  - tables are named with their schema;
#  - nothing volatile stands in SET or RETURNING.
# CC and CPPFLAGS come from the Makefile.
use strict;
use warnings;
use Source;

my $volatile = qr/\b(random|gen_random_uuid|gen_random_bytes|uuid_generate_\w+|
    clock_timestamp|timeofday|nextval|currval|lastval|setval|pg_sleep\w*|
    txid_current|pg_current_xact_id|pg_(?:try_)?advisory_\w+)\s*\(/xi;
my $keyword = qr/^(?:set|where|on|using|join|left|right|inner|cross|full|group|
    order|limit|for|returning|values|select|default|overriding|union|as|natural|
    having|window|offset|tablesample|do)$/xi;

# Tables without tenant_id need none.
my (%table, %free);
for my $sql (glob 'daemon/sql/*.sql') {
	my $text = read_file($sql);
	$text =~ s/--[^\n]*//g;
	while ($text =~ /create\s+table\s+(?:if\s+not\s+exists\s+)?npsync\.(\w+)
	    \s*(\((?:[^()]++|(?2))*\))/gxi) {
		$table{lc $1} = 1;
		$free{lc $1} = 1 if $2 !~ /\btenant_id\b/;
	}
}
$free{migration} = 1;	# made by schema.c, before any tenant

sub unquote {
	my ($literals) = @_;
	my $sql = '';
	while ($literals =~ /"((?:\\.|[^"\\])*)"/gs) {
		my $part = $1;
		$part =~ s/\\n/\n/g;
		$part =~ s/\\t/\t/g;
		$part =~ s/\\(.)/$1/gs;
		$sql .= $part;
	}
	return $sql;
}

# "a (b (c))" becomes "a #1", group 1 "b #2", group 2 "c".
my @group;
sub flatten {
	my ($sql) = @_;
	@group = ();
	while ($sql =~ s/\(([^()]*)\)/ '#' . (push(@group, $1)) . ' ' /e) { }
	return $sql;
}
# Groups that are no query of their own are part of the block round them.
sub expand {
	my ($text, $all) = @_;
	$text =~ s{#(\d+) }{
		my $inner = $group[$1 - 1];
		!$all && $inner =~ /^\s*(select|with|insert|update|delete|values)\b/i
		    ? '(query)' : '(' . expand($inner, $all) . ')';
	}ge;
	return $text;
}

sub check_insert {
	my ($block, $table) = @_;
	my ($columns, $rest) = $block =~
	    /\binsert\s+into\s+npsync\.\Q$table\E(?:\s+as\s+\w+)?\s*(?:#(\d+)\s)?(.*)/si;
	return "INSERT into $table without tenant_id as its first column"
	    if defined $columns && $group[$columns - 1] !~ /^\s*tenant_id\b/i;
	my $first = $rest =~ /^\s*(?:overriding\s+\w+\s+value\s+)?values\s*#(\d+) /si
	    ? $group[$1 - 1]
	    : $rest =~ /^\s*(?:overriding\s+\w+\s+value\s+)?select\s+
	        (?:distinct\s+(?:on\s*\#\d+\s)?)?(.*)/sxi ? $1 : '';
	return "INSERT into $table does not give tenant_id \$1 first"
	    if $first !~ /^\s*(\$1\b(?!\d)|(\w+\.)?tenant_id\b)/i;
	return undef;
}

sub check_block {
	my ($block, $ctes) = @_;
	my (@wrong, $inserted);
	if ($block =~ /\binsert\s+into\s+npsync\.(\w+)/i) {
		$inserted = lc $1;
		my $what = $free{$inserted} ? undef : check_insert($block, $inserted);
		push @wrong, $what if defined $what;
	}
	my $text = expand($block, 0);
	while ($text =~ /(\b(?:from|join|update|using)\s+(?:only\s+)?(?:lateral\s+)?|,\s*)
	    npsync\.(\w+)\b(?!\s*\()(?:\s+(?:as\s+)?(\w+))?/gxi) {
		my ($table, $alias) = (lc $2, defined $3 && $3 !~ $keyword ? $3 : '');
		next if $free{$table};
		my $name = $alias ne '' ? $alias : $table;
		my $column = qr/(?<![\w.])(?:(?:npsync\.)?\Q$name\E\.)?tenant_id/i;
		push @wrong, "$table" . ($alias ? " $alias" : '')
		    . " is not held by tenant_id = \$1"
		    if $text !~ /$column\s*=\s*\$1(?!\d)/
		    && $text !~ /\$1(?:::bigint)?\s*=\s*$column/;
	}
	while ($text =~ /\b(?:from|join|into|update)\s+(?:only\s+)?(\w+)\b(?!\s*[.(])/gi) {
		push @wrong, "$1 is named without its schema"
		    if $table{lc $1} && !$ctes->{lc $1};
	}
	while ($block =~ /\bset\b(.*?)(?=\b(?:from|where|returning)\b|\z)/gsi) {
		push @wrong, "$1() in SET is volatile" if expand($1, 1) =~ $volatile;
	}
	push @wrong, "$1() in RETURNING is volatile"
	    if $block =~ /\breturning\b(.*)/si && expand($1, 1) =~ $volatile;
	return @wrong;
}

my $seen = 0;
for my $file (sources('daemon/*.c')) {
	my $source = read_file($file);
	next unless $source =~ /DB_STMT/;
	my $cc = $ENV{CC} || 'cc';
	my $flags = $ENV{CPPFLAGS} || '-Idaemon -Iconnectors';
	my @flags = split ' ', $flags;
	open(my $in, '-|', split(' ', $cc), '-std=c11', '-E', '-P', @flags, $file)
	    or die "$cc: $!\n";
	my $text = do { local $/; <$in> };
	close($in) or finding($file, 1, "the preprocessor failed");
	while ($text =~ /static\s+const\s+struct\s+db_stmt\s+(\w+)\s*=\s*\{\s*"\w+"\s*,
	    \s*((?:"(?:\\.|[^"\\])*"\s*)+)\}/gsx) {
		my ($name, $sql) = ($1, unquote($2));
		$seen++;
		my $before = $source =~ /^(.*?)\bDB_STMT\(\s*\Q$name\E\b/s ? $1 : '';
		my $line = 1 + ($before =~ tr/\n//);
		$sql =~ s/--[^\n]*//g;
		$sql =~ s/'(?:[^']|'')*'/''/g;
		my $top = flatten($sql);
		my %ctes;
		my $all = join("\n", $top, @group);
		$ctes{lc $1} = 1 while $all =~
		    /(\w+)\s*(?:#\d+\s+)?\bas\s+(?:(?:not\s+)?materialized\s+)?#\d/gi;
		next if allowed('statements', $name);
		for my $scope ($top, @group) {
			for my $block (split /\b(?:union|except|intersect)\b/i, $scope) {
				finding($file, $line, "$name: $_")
				    for check_block($block, \%ctes);
			}
		}
	}
}
print "report: $seen statements\n" unless @ARGV;
done();
