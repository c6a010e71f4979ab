# Prints facts about the device, one per line: name, space, value.
hash_of() { sha256sum "$1" 2>/dev/null | cut -d ' ' -f 1; }
answer() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }

echo "system $(uname -s)"
echo "machine $(uname -m)"
echo "libc $(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 | head -n 1)"
echo "bits $(getconf LONG_BIT 2>/dev/null || echo unknown)"
echo "user $(id -un)"
echo "home $HOME"
echo "groups $(for group in $DEVICE_GROUPS; do getent group "$group" >/dev/null && printf '%s ' "$group"; done)"
echo "own_groups $(id -nG)"
echo "free_kb $(df -Pk "$HOME" | awk 'NR == 2 { print $4 }')"
echo "systemd $(answer command -v systemctl)"
echo "tools $(for tool in tar sha256sum install mktemp; do command -v $tool >/dev/null || printf '%s ' $tool; done)"
if [ "$SCOPE" = system ]; then echo "root $(answer as_root true)"; else echo "root unneeded"; fi
echo "linger $(loginctl show-user "$(id -un)" --property Linger --value 2>/dev/null || echo no)"
echo "other_unit $(answer test -e "$OTHER_UNIT_PATH")"
echo "manager $(manage show-environment 2>&1 >/dev/null | head -n 1 | tr -d '\r')"
echo "active $(manage is-active "$UNIT" 2>/dev/null || true)"
echo "enabled $(manage is-enabled "$UNIT" 2>/dev/null || true)"
if [ "$WITH_FILES" = no ]; then exit 0; fi

echo "unit $(hash_of "$UNIT_PATH")"
if [ -e "$HERE/current" ]; then
  echo "current $(basename "$(readlink "$HERE/current")")"
  for file in "$HERE"/current/* "$HERE"/current/config/*; do
    if [ -f "$file" ]; then echo "file $(hash_of "$file") ${file#"$HERE"/current/}"; fi
  done
fi
for blob in $BLOBS; do
  # The files of the current release have been hashed above.
  case "$(readlink "$HERE/current/deno") $(readlink "$HERE/current/agentflow-node.js")" in
    *"/$blob/"*) ;;
    *) if [ "$(hash_of "$BASE/store/$blob"/*)" = "$blob" ]; then echo "blob $blob"; fi ;;
  esac
done
