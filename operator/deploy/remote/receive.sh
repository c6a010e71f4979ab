# Checks the upload and turns it into a release. LINKS has one line per file in the store, hash and name;
# SUMS is the input of sha256sum --check.
INCOMING=$BASE/incoming/$NODE
cd "$INCOMING"
printf '%s\n' "$SUMS" | sha256sum --check --quiet --strict - >&2
mkdir -p "$BASE/store" "$HERE/releases" "$HERE/state" "$HERE/work"
chmod 700 "$BASE" "$HERE" "$HERE/state" "$HERE/work"
if [ -d blobs ]; then
  for blob in blobs/*; do
    rm -rf "$BASE/store/${blob##*/}"
    mv "$blob" "$BASE/store/${blob##*/}"
  done
fi
printf '%s\n' "$LINKS" | while read -r hash name; do
  chmod 700 "$BASE/store/$hash/$name"
  ln -s "../../../../store/$hash/$name" "release/$name"
done
mv release "$HERE/releases/$RELEASE"
cd "$BASE"
rm -rf "$INCOMING"
