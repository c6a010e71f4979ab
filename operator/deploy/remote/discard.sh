# Removes a release that is not in use.
rm -rf "$HERE/releases/$RELEASE"
rmdir "$HERE/releases" 2>/dev/null || true
tidy_store
