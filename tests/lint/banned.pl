#!/usr/bin/perl -Itests/lint
# banned.pl [FILE...] - functions that nobody, or only some files, may call.
use strict;
use warnings;
use Source;

# Everywhere, tests too.
my %never = map { $_ => 1 } qw(strcpy stpcpy strcat strncpy strncat sprintf
    vsprintf gets scanf sscanf fscanf vscanf vsscanf vfscanf strtok strtok_r
    atoi atol atoll atof strtod strtof localtime gmtime ctime asctime ctime_r
    asctime_r system popen alloca rand srand setjmp longjmp tmpnam mktemp);
# In the program only where the pattern matches the file's name.
my %only = (
	(map { $_ => 'num\.c' } qw(strtol strtoul strtoll strtoull strtoimax)),
	(map { $_ => 'clock\w*\.c' }
	    qw(localtime_r gmtime_r mktime timegm time gettimeofday)),
	(map { $_ => '(embedded|secret)\w*\.c' }
	    qw(execl execlp execle execv execvp execve execvpe posix_spawn)),
	(map { $_ => '(main|cli\w*|table)\.c' } qw(printf vprintf puts putchar)),
	(map { $_ => 'db\w*\.c' } qw(PQexec PQescapeLiteral PQescapeIdentifier
	    PQescapeString PQescapeStringConn PQescapeBytea)),
	(map { $_ => 'main\.c' } qw(exit abort)),
);
# Memory from outside an arena: here, or in a function that opens or closes.
my %memory = map { $_ => 1 } qw(malloc calloc realloc reallocarray free strdup
    strndup asprintf vasprintf);
my $memory_file = qr/^daemon\/(arena|buf)\.c$/;
my $memory_function = qr/(^|_)(open|close|new|free|init|cleanup|start|stop|
    release|destroy)$/x;

for my $file (sources('daemon/*.c', 'daemon/*.h', 'connectors/*.h',
    'connectors/*/*.c', 'connectors/*/*.h', 'tests/lib/*.[ch]',
    'tests/sim/*.[ch]', 'tests/sim/parts/*/*.[ch]', 'tests/unit/*.c', 'tests/db/*.c', 'tests/exchange/*.c',
    'tests/system/*.c')) {
	my $role = role($file);
	my $in_tests = $role =~ m{^tests/};
	my ($base) = $role =~ m{([^/]+)$};
	my ($n, $function) = (0, '');
	for my $line (split /\n/, code_of(read_file($file))) {
		$n++;
		# The name stands alone at the start of the line.
		$function = $1 if $line =~ /^(?:static inline .*?\*?)?(\w+)\(/;
		while ($line =~ /(?<![\w.>])(\w+)\s*\(/g) {
			my $word = $1;
			next if allowed('banned', "$role:$word");
			if ($never{$word}) {
				finding($file, $n, "$word() is banned");
			} elsif ($in_tests) {
				next;
			} elsif (defined $only{$word}
			    && $base !~ /^$only{$word}$/) {
				finding($file, $n, "$word() belongs in $only{$word}");
			} elsif ($memory{$word} && $role !~ $memory_file
			    && $function !~ $memory_function) {
				finding($file, $n,
				    "$word() outside arena, buf, open and close");
			}
		}
	}
}
done();
