#!/bin/sh
# keeper.sh PID_FILE COMMAND [ARGUMENT...]
# Runs COMMAND and kills it when standard input ends, which it does however the parent dies,
# kill -9 included. A shell costs 1 MB where another Node would cost 40.
pid_file=$1
shift
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
echo "$child" >"$pid_file"
# The command has its own by now: what the shell would say of its end is no word of the command's.
exec 2>/dev/null
{
  read -r _ <&3
  kill -9 "$child"
} >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$child"
status=$?
kill "$watcher" 2>/dev/null
rm -f "$pid_file"
exit "$status"
