# SPDX-License-Identifier: BSD-2-Clause
# fish completion for vmgenc(8)
complete -c vmgenc -f
complete -c vmgenc -n __fish_use_subcommand -a status -d 'source, guarantee, generation, rekeys'
complete -c vmgenc -n __fish_use_subcommand -a wait -d 'until the machine is cloned or restored'
complete -c vmgenc -n __fish_use_subcommand -a watch -d 'a line for each change'
complete -c vmgenc -n __fish_use_subcommand -a sync -d 'have the kernel look now'
complete -c vmgenc -n __fish_use_subcommand -a hooks -d 'run a directory of programs after each change'
complete -c vmgenc -n __fish_use_subcommand -a doctor -d 'why is this machine not protected'
complete -c vmgenc -n __fish_use_subcommand -a openssl -d 'enable or disable the provider for OpenSSL'
complete -c vmgenc -n __fish_use_subcommand -a run -d 'run a program whose generators a clone refreshes'
complete -c vmgenc -n __fish_use_subcommand -a sim -d 'a file that plays device and hypervisor'
complete -c vmgenc -n __fish_use_subcommand -a help -d 'the options of a command'
complete -c vmgenc -n __fish_use_subcommand -l version
complete -c vmgenc -l help
complete -c vmgenc -n '__fish_seen_subcommand_from status watch' -l json
complete -c vmgenc -n '__fish_seen_subcommand_from status wait watch sync hooks doctor' -l source -x -a 'dev:/dev/vmgenc vmclock:/dev/vmclock0 file:'
complete -c vmgenc -n '__fish_seen_subcommand_from status hooks doctor' -l state -r -F
complete -c vmgenc -n '__fish_seen_subcommand_from status' -l metrics
complete -c vmgenc -n '__fish_seen_subcommand_from status' -l output -r -F
complete -c vmgenc -n '__fish_seen_subcommand_from wait watch sync hooks' -l timeout -x
complete -c vmgenc -n '__fish_seen_subcommand_from wait' -l since -x
complete -c vmgenc -n '__fish_seen_subcommand_from wait' -l ready
complete -c vmgenc -n '__fish_seen_subcommand_from watch' -l count -x
complete -c vmgenc -n '__fish_seen_subcommand_from hooks' -l once -l retry -l new-machine -l wait
complete -c vmgenc -n '__fish_seen_subcommand_from hooks' -a '(__fish_complete_directories)'
complete -c vmgenc -n '__fish_seen_subcommand_from status hooks doctor' -l root -r -a '(__fish_complete_directories)'
complete -c vmgenc -n '__fish_seen_subcommand_from sim' -l raw -l unsettled -l vmclock
complete -c vmgenc -n '__fish_seen_subcommand_from sim' -l start -x
complete -c vmgenc -n '__fish_seen_subcommand_from doctor' -l processes -l json
complete -c vmgenc -n '__fish_seen_subcommand_from openssl' -a 'enable disable'
complete -c vmgenc -n '__fish_seen_subcommand_from run' -l signal -x -a 'HUP INT TERM QUIT USR1 USR2 CONT WINCH'
complete -c vmgenc -n '__fish_seen_subcommand_from run' -l restart
complete -c vmgenc -n '__fish_seen_subcommand_from run' -l guard -r -F
complete -c vmgenc -n '__fish_seen_subcommand_from openssl' -l config -l snippet -r -F
complete -c vmgenc -n '__fish_seen_subcommand_from sim' -F -a 'create bump reset'
