# Keeps the release in use and the one before it; the rest is of no use any more.
for release in "$HERE"/releases/*; do
  case ${release##*/} in
    "$RELEASE" | "$PREVIOUS") ;;
    *) rm -rf "$release" ;;
  esac
done
tidy_store
