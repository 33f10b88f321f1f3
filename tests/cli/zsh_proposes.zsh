# zsh_proposes.zsh FOLDER LINE OUT: adds to the file OUT what zsh proposes for the end of LINE. FOLDER
# holds completion functions. A shell on a terminal of its own completes it; what it would insert is
# seen by a compadd in front of the real one.
zmodload zsh/zpty
zpty shell zsh -f -i

send() { zpty -w shell "$1"; }
await() { local seen; zpty -r -m shell seen "*$1*" }

send 'PROMPT=; unsetopt zle_bracketed_paste 2>/dev/null; unset zle_bracketed_paste'
send "fpath=(${(q)1} \$fpath); autoload -U compinit; compinit -u -D"
send 'compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    local -a hits
    builtin compadd -A hits "$@"
    (( $#hits )) && print -rl -- "<"${^hits}">" >> '"${(q)3}"'
  fi
  builtin compadd "$@"
}'
send 'finish() { exit }; comppostfuncs=(finish); bindkey "^I" complete-word'
send 'print rea""dy'
await $'ready\r'
zpty -w -n shell "$2"$'\t'
zpty -r shell rest '*never*' 2>/dev/null
true
