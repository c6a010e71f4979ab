# Removes all releases except the current and the previous one.
for release in "$HERE"/releases/*; do
  case ${release##*/} in
    "$RELEASE" | "$PREVIOUS") ;;
    *) rm -rf "$release" ;;
  esac
done
tidy_store
