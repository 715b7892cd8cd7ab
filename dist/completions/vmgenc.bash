# SPDX-License-Identifier: BSD-2-Clause
# bash completion for vmgenc(8)
_vmgenc() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		COMPREPLY=($(compgen -W "status wait watch sync hooks doctor openssl run sim help --help --version" -- "$cur"))
		return
	fi
	case $prev in
	--signal) COMPREPLY=($(compgen -W "HUP INT TERM QUIT USR1 USR2 CONT WINCH" -- "$cur")) && return ;;
	--timeout | --since | --count | --start) return ;;
	--state | --config | --snippet | --guard | --output) COMPREPLY=($(compgen -f -- "$cur")) && return ;;
	--root) COMPREPLY=($(compgen -d -- "$cur")) && return ;;
	--source) COMPREPLY=($(compgen -W "dev:/dev/vmgenc vmclock:/dev/vmclock0 file:" -- "$cur")) && return ;;
	esac
	case $command in
	status) words="--json --metrics --output --root --source --state" ;;
	wait) words="--ready --timeout --since --source --state" ;;
	watch) words="--json --count --timeout --source" ;;
	sync) words="--timeout --source" ;;
	hooks) words="--once --retry --new-machine --wait --timeout --source --state --root" ;;
	doctor) words="--processes --json --source --state --root" ;;
	openssl) words="enable disable --config --snippet" ;;
	run) words="--signal --restart --guard --source" ;;
	sim) words="--raw --unsettled --vmclock --start create bump reset" ;;
	esac
	COMPREPLY=($(compgen -W "$words --help" -- "$cur"))
	case $command in
	hooks) COMPREPLY+=($(compgen -d -- "$cur")) ;;
	sim) COMPREPLY+=($(compgen -f -- "$cur")) ;;
	esac
}
complete -o filenames -F _vmgenc vmgenc
