# Fails unless the document DOCUMENT holds the text of the program PROGRAM, to the letter.
file(READ "${PROGRAM}" program)
file(READ "${DOCUMENT}" document)
string(FIND "${document}" "${program}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${DOCUMENT} no longer quotes ${PROGRAM} as it is: copy the program into it")
endif()
