# Applies the restrictions given before `--` to this process, then execs the program after it. Every thread and child of
# that program inherits them, and they cannot be lifted. The arguments come from `words.ts`.
#
# No modules, not even `strict`: each costs more time than everything below.

my %said;    # NAME=VALUE, in lists by name
while (defined(my $word = shift @ARGV)) {
    last if $word eq '--';
    my ($name, $value) = split /=/, $word, 2;
    push @{ $said{$name} }, $value;
}
sub all { @{ $said{ $_[0] } || [] } }
sub one { (all($_[0]))[0] }

sub fail { print STDERR "Cannot start it behind the kernel's walls: $_[0]\n"; exit 126 }
fail('this perl is no program of 64 bits') if length pack('p', '') != 8;

my %numbers = (    # openat, prctl, prlimit64, capset
    x86_64  => [257, 157, 302, 126],
    aarch64 => [56,  167, 261, 91],
);
my ($OPENAT, $PRCTL, $PRLIMIT64, $CAPSET) = @{ $numbers{ one('arch') } || fail('unknown processor') };
my ($LANDLOCK_CREATE_RULESET, $LANDLOCK_ADD_RULE, $LANDLOCK_RESTRICT_SELF) = (444, 445, 446);

# Of what perl passes on, numbers must be numbers and texts must be variables. The kernel gets copies of them: what it
# writes there is lost.
sub must { my ($what, $number, @args) = @_; my $result = syscall($number, @args); fail("$what: $!") if $result < 0; $result }
sub prctl { my ($option, $value) = @_; syscall($PRCTL, $option, $value, 0, 0, 0) }

# PR_SET_PDEATHSIG, SIGKILL: it ends with its runner. PR_SET_NO_NEW_PRIVS: no set-uid program gives it more.
prctl(1, 9) == 0 or fail("PR_SET_PDEATHSIG: $!");
prctl(38, 1) == 0 or fail("PR_SET_NO_NEW_PRIVS: $!");
setpriority(0, 0, getpriority(0, 0) + one('nice')) if defined one('nice');
for (all('limit')) {    # RESOURCE:VALUE
    my ($resource, $value) = split /:/;
    my $both = pack('QQ', $value, $value);
    must("limit $_", $PRLIMIT64, 0, $resource + 0, $both, 0);
}

my $landlock = syscall($LANDLOCK_CREATE_RULESET, 0, 0, 1);    # its ABI; below 1 there is none
$landlock = 0 if $landlock < 0 || defined one('without-landlock');
print "$landlock\n" if defined one('show');

# `files`, `net` and `scope` are refused, except where rules allow them: Landlock's bits, without those that this kernel
# does not know.
if ($landlock > 0) {
    my @known = (0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff);
    my $files = one('files') & ($landlock > 5 ? $known[5] : $known[$landlock]);
    my $net = $landlock < 4 ? 0 : one('net') + 0;
    my $scope = $landlock < 6 ? 0 : one('scope') + 0;
    my $attributes = pack('QQQ', $files, $net, $scope);
    if ($files | $net | $scope) {
        my $size = $landlock < 4 ? 8 : $landlock < 6 ? 16 : 24;
        my $ruleset = must('landlock_create_ruleset', $LANDLOCK_CREATE_RULESET, $attributes, $size, 0);
        for (all('path')) {    # RIGHTS:PATH
            my ($rights, $path) = split /:/, $_, 2;
            my $fd = syscall($OPENAT, -100, $path, 0x280000);    # AT_FDCWD, O_PATH | O_CLOEXEC
            next if $fd < 0;                                     # not there
            # Rights of folders mean nothing for a file.
            my $rule = pack('Ql', $rights & $files & (-d $path ? -1 : 0xc007), $fd);
            must("rule for $path", $LANDLOCK_ADD_RULE, $ruleset, 1, $rule, 0);
        }
        for ($net ? all('port') : ()) {    # RIGHTS:PORT
            my ($rights, $port) = split /:/;
            my $rule = pack('QQ', $rights & $net, $port);
            must("rule for port $port", $LANDLOCK_ADD_RULE, $ruleset, 2, $rule, 0);
        }
        must('landlock_restrict_self', $LANDLOCK_RESTRICT_SELF, $ruleset, 0);
    }
}
# The kernel forgets a rule for something in /proc together with what it has cached of it, unless that is held open.
for my $path (all('hold')) { syscall($OPENAT, -100, $path, 0x200000) }

# After the rules, whose paths root finds in folders of others too.
if (defined one('powerless')) {
    for my $capability (0 .. 63) { prctl(24, $capability) }    # PR_CAPBSET_DROP: only root has any to drop
    my ($header, $none) = (pack('LL', 0x20080522, 0), pack('L6', 0, 0, 0, 0, 0, 0));
    must('capset', $CAPSET, $header, $none);
}

if (defined one('filter')) {    # instructions of 8 bytes, in hex; `pid` says which compare with this process' number
    my $filter = pack('H*', one('filter'));
    substr($filter, 8 * $_ + 4, 4) = pack('L', $$) for all('pid');
    my $program = pack('Sx6P', length($filter) / 8, $filter);
    must('PR_SET_SECCOMP', $PRCTL, 22, 2, $program, 0, 0);
}

exec { $ARGV[0] } @ARGV;
fail("$ARGV[0]: $!");
