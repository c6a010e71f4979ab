# Stops and removes the node. Removes its agents' state only if PURGE is yes.
FOUND=no
if [ -e "$UNIT_PATH" ]; then
  FOUND=yes
  manage disable --quiet --now "$UNIT" >&2 || true
  if [ "$SCOPE" = system ]; then as_root rm -f "$UNIT_PATH"; else rm -f "$UNIT_PATH"; fi
  manage daemon-reload
fi
if [ -d "$HERE" ]; then
  if [ -e "$HERE/current" ]; then FOUND=yes; fi
  rm -rf "$HERE/releases" "$HERE/current" "$HERE/bin" "$HERE/trial" "$HERE/trial_failed" "$HERE/work"
  if [ "$PURGE" = yes ] && [ -d "$HERE/state" ]; then
    FOUND=yes
    rm -rf "$HERE/state"
  fi
  rmdir "$HERE/state" 2>/dev/null || true
  if [ -d "$HERE/state" ]; then echo "state $HERE/state"; fi
  rmdir "$HERE" 2>/dev/null || true
fi
rm -rf "$BASE/incoming/$NODE"
if [ -d "$BASE/store" ]; then tidy_store; fi
rmdir "$BASE/incoming" "$BASE/store" "$BASE/nodes" "$BASE" 2>/dev/null || true
echo "found $FOUND"
