#!/bin/sh
# Starts the AgentFlow node that lies in the folder above this file, and starts it again when it has upgraded itself.
# A new release that ends, or has not proved itself in its time, is taken back: the one before runs again.
#
#   HOME/bin/agentflow-node          this file; all arguments go to the node
#   HOME/releases/NAME/              agentflow-node.js, and deno where the machine has none
#   HOME/current -> releases/NAME    the release in use
#   HOME/trial/previous              while a release is on trial: the one to go back to
#   HOME/trial/starts                how often it has been started since
set -u

home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
export AGENTFLOW_HOME="$home"
# The signs of life that systemd waits for are the node's to give, not this shell's.
unset WATCHDOG_PID
readonly MAX_STARTS=3
readonly RESTART=75 # EX_TEMPFAIL: how a node ends that has upgraded itself
child=
ending=

# Agents have groups with limits beside the node's, and a group that has such below it holds no process itself.
leave_group() {
  group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup 2>/dev/null)
  case $group in *.service) ;; *) return ;; esac
  [ -w "$group/cgroup.procs" ] || return
  mkdir -p "$group/agentflow-node" 2>/dev/null
  (echo $$ >"$group/agentflow-node/cgroup.procs") 2>/dev/null
}
leave_group

say() { echo "agentflow-node: $*" >&2; }

on_signal() {
  ending=1
  [ -n "$child" ] && kill -"$1" "$child" 2>/dev/null
}
trap 'on_signal TERM' TERM
trap 'on_signal INT' INT
trap 'on_signal TERM' HUP

start() {
  deno="$home/current/deno"
  [ -x "$deno" ] || deno=$(command -v deno) || { say "there is no deno in $home/current and none on PATH"; exit 1; }
  "$deno" run -A --unstable-net --no-config "$home/current/agentflow-node.js" "$@" &
  child=$!
}

# The exit code of the node, however often a signal interrupts the wait.
await() {
  wait "$child"
  code=$?
  while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
  done
}

on_trial() { [ -s "$home/trial/previous" ]; }

# Until the node has proved itself, has ended, or its time is over.
watch_trial() {
  seconds=$(cat "$home/trial/seconds" 2>/dev/null) || seconds=60
  while on_trial && [ -z "$ending" ] && kill -0 "$child" 2>/dev/null; do
    if [ "$seconds" -le 0 ]; then
      reason="the new release did not reach the broker in time"
      kill -TERM "$child" 2>/dev/null
      sleep 5 &
      wait $!
      kill -KILL "$child" 2>/dev/null
      return
    fi
    seconds=$((seconds - 1))
    sleep 1 &
    wait $!
  done
}

# Counts the starts: one that takes the whole service with it each time would else be tried for ever.
may_start() {
  starts=$(cat "$home/trial/starts" 2>/dev/null) || starts=0
  [ "$starts" -lt "$MAX_STARTS" ] && echo $((starts + 1)) >"$home/trial/starts"
}

go_back() {
  previous=$(cat "$home/trial/previous")
  failed=$(basename "$(readlink "$home/current")")
  ln -sfn "releases/$previous" "$home/current.new" && mv -T "$home/current.new" "$home/current" || exit 1
  printf '%s\n' "$reason (release $failed)" >"$home/trial_failed"
  rm -f "$home/trial/previous" "$home/trial/starts"
  say "release $failed: $reason. Going back to $previous"
}

while :; do
  tried=
  reason="the new release was started $MAX_STARTS times, and did not prove itself"
  if on_trial; then
    if may_start; then tried=1; else go_back; fi
  fi
  reason=
  start "$@"
  [ -n "$tried" ] && watch_trial
  await
  child=
  [ -n "$ending" ] && exit "$code"
  # One that has passed its trial, and has upgraded itself since, leaves another on trial.
  if [ -n "$tried" ] && on_trial && [ "$code" -ne "$RESTART" ]; then
    [ -n "$reason" ] || reason="the new release ended with exit code $code"
    go_back
  elif [ "$code" -ne "$RESTART" ]; then
    exit "$code"
  fi
done
