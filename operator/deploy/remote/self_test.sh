# Runs the release's self-test in the place where the release will run.
cd "$HERE/releases/$RELEASE"
STATE=$(mktemp -d "$HERE/selftest.XXXXXX")
trap 'rm -rf "$STATE"' EXIT
status=0
DENO_DIR=$HERE/work/runner DENO_NO_UPDATE_CHECK=1 NO_COLOR=1 \
  ./deno run -A agentflow-node.js --test --state-dir "$STATE" --work-dir "$HERE/work" || status=$?
exit "$status"
