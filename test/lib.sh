# SPDX-License-Identifier: BSD-2-Clause
# Sourced by test/run and test/vm/run: how a test is run, counted and shown.
passed=0 failed=0 skipped=0 log=build/test/log quiet=--quiet
kernels=$(echo ${KERNELS:-$(cat build/kernels/list)})
unset MAKEFLAGS # the caller's job server is not ours

t() { # name, command...: the cases that it reports, or itself as one
	name=$1 start=$(date +%s%N) bad=0 && shift
	"$@" >$log 2>&1 || bad=$?
	[ $bad != 77 ] || { skipped=$((skipped + 1)) && echo "skip $name: $(cat $log)" && return; }
	for case in $(sed -n 's/^\[  SKIPPED \] \([a-z0-9_]*\)$/\1/p' $log | sort -u); do skipped=$((skipped + 1)) && echo "skip $name: $case cannot run here"; done
	ds=$((($(date +%s%N) - start) / 100000000)) && took="$((ds / 10)).$((ds % 10)) s"
	good=$(sed -n 's/^\[  PASSED  ] \([0-9]*\) test.*/\1/p; s/^\([0-9]*\) passed, .*/\1/p' $log | tail -n 1)
	[ "${good:-1}" != 0 ] || bad=1 # ran, but tested nothing
	[ $bad = 0 ] || bad=$(sed -n 's/^\[  FAILED  ] .*: \([0-9]*\) test.*/\1/p; s/.* passed, \([1-9][0-9]*\) failed$/\1/p' $log | tail -n 1)
	[ "$bad" = 0 ] && passed=$((passed + ${good:-1})) && echo "ok   $name${good:+: $good} ($took)" && return
	passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-1}))
	echo "FAIL $name ($took)" && sed 's/^/     /' $log
}

lab() { # kernel series, command...: with the module
	r=$(cat "build/kernels/$1") command=$2
	shift 2
	build/vmgenc-lab "$command" --kernel "build/kernels/root/boot/vmlinuz-$r" \
		--module "build/linux/$r/vmgenc.ko" $quiet "$@"
}

exits() { # code, command...
	want=$1 got=0
	shift
	"$@" || got=$?
	[ $got = "$want" ] || { echo "exit code $got instead of $want"; return 1; }
}

warnings() { # kernel series, make flags: the module, built anew, without a word from the tools
	r=$(cat "build/kernels/$1")
	rm -f build/linux/"$r"/*.o build/linux/"$r"/.*.cmd
	said=$(make --no-print-directory module KVER="$r" MODULE_FLAGS="$2" 2>&1) || { echo "$said"; return 1; }
	case $said in *[Ww]arning:* | *WARNING:* | *error:*) echo "$said"; return 1 ;; esac
}
freebsd_headers() {
	[ -n "$SYSDIR" ] || { echo "no FreeBSD source tree is given (make check SYSDIR=<freebsd>/sys)"; return 77; }
	make --no-print-directory check-freebsd-headers SYSDIR="$SYSDIR"
}
provider_off() { # a configuration that does not name the provider has to be seen
	off=build/test/programs
	rm -rf $off && mkdir -p $off && cp -a build/programs/openssl $off/ &&
		cp $off/openssl/etc/ssl/openssl.cnf $off/openssl/etc/ssl/vmgenc.cnf || return
	exits 1 lab $k prove --draws 1000 --probe openssl --programs $off
}
