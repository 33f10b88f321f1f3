# zsh_proposes.zsh FOLDER OUT LINE...: adds to the file OUT what zsh proposes for the end of each LINE.
# FOLDER holds completion functions. One shell on a terminal of its own completes them one after the
# other; what it would insert is seen by a compadd in front of the real one.
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
    (( $#hits )) && print -rl -- "<"${^hits}">" >> '"${(q)2}"'
  fi
  builtin compadd "$@"
}'
send "integer left=$(( $# - 2 ))"
send 'finish() { (( --left )) && comppostfuncs=(finish) || exit }; comppostfuncs=(finish)'
send 'bindkey -e; bindkey "^I" complete-word'
# Said by the line editor itself: before it has the terminal, that takes control characters for its own.
send 'zle-line-init() { print rea""dy }; zle -N zle-line-init'
await ready
for line in "${@[3,-1]}"; do zpty -w -n shell "$line"$'\t\x15'; done
zpty -r shell rest '*never*' 2>/dev/null
true
