/** Completion scripts: shells use them to ask this program for candidates. Pure. */

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The last line of an answer: whether to offer files as well. */
export const FILES_MARK = ":files";
export const NO_FILES_MARK = ":nofiles";

/**
 * @param name what the user types
 * @param command words that run this program
 */
export function completionScript(shell: Shell, name: string, command: readonly string[]): string {
  const ask = `${command.map(quoted).join(" ")} __complete`;
  switch (shell) {
    case "bash":
      return BASH.replaceAll("NAME", name).replace("ASK", () => ask);
    case "zsh":
      return ZSH.replaceAll("NAME", name).replace("ASK", () => ask);
    case "fish":
      return FISH.replaceAll("NAME", name).replace("ASK", () => ask);
    default:
      return shell satisfies never;
  }
}

/** Quotes a word in a way that all three shells understand. */
function quoted(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

// Words are passed verbatim as arguments: the scripts never evaluate what the user types.

const BASH = `# bash completion of NAME: source <(NAME completions bash)
_NAME_complete() {
  local line files="" current="\${COMP_WORDS[COMP_CWORD]}" prefix=""
  local -a words=() answer=()
  # bash splits words at = and : too; the program does not.
  local index word
  for ((index = 1; index <= COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if ((\${#words[@]} > 0)) && [[ "$word" == [=:]* || "\${words[-1]}" == *[=:] ]]; then
      words[-1]+="$word"
    else
      words+=("$word")
    fi
  done
  mapfile -t answer < <(ASK "\${words[@]}" 2>/dev/null)
  prefix="\${words[-1]%"$current"}"
  [[ "$current" == [=:] ]] && prefix="\${words[-1]}" && current=""
  COMPREPLY=()
  for line in "\${answer[@]}"; do
    case "$line" in
      ${FILES_MARK}) files=1 ;;
      ${NO_FILES_MARK}) ;;
      *) line="\${line%%$'\\t'*}"; COMPREPLY+=("\${line#"$prefix"}") ;;
    esac
  done
  if [[ -n "$files" ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _NAME_complete NAME
`;

const ZSH = `#compdef NAME
# zsh completion of NAME: source <(NAME completions zsh)
_NAME_complete() {
  local line files=""
  local -a candidates
  while IFS= read -r line; do
    case "$line" in
      ${FILES_MARK}) files=1 ;;
      ${NO_FILES_MARK}) ;;
      *) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done < <(ASK "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#candidates} )) && _describe NAME candidates
  [[ -n "$files" ]] && _files
}
compdef _NAME_complete NAME
`;

const FISH = `# fish completion of NAME: NAME completions fish | source
function __NAME_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (ASK $words[2..-1] 2>/dev/null)
    switch $line
      case '${NO_FILES_MARK}'
      case '${FILES_MARK}'
        __fish_complete_path (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c NAME -f -a '(__NAME_complete)'
`;
