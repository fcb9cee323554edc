/* tdl.re - the lexer of TDL, for re2c. src/lang/lexer.c wraps it.
 *
 * Words that are keywords somewhere get their own kind; src/lang/words.c decides where they are only names. Sub-
 * scripts and dots behind a name are scanned in lexer.c, because they must not follow a keyword.
 */
#include "lang/lexer.h"

#pragma GCC diagnostic ignored "-Wunused-variable"

int lexer_scan(Lexer *lexer, const char **start) {
  const char *cursor = lexer->next, *marker = cursor;
  const char *const limit = lexer->end;
  int kind;
#define KIND(code) do { kind = (code); goto done; } while (0)
again:
  *start = cursor;
  if (cursor >= limit) KIND(LEX_END);
  /*!re2c
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYCURSOR = cursor;
    re2c:define:YYMARKER = marker;
    re2c:define:YYLIMIT = limit;
    re2c:yyfill:enable = 0;
    re2c:eof = 0;

    blank  = [ \t\r\n\f\v];
    letter = [A-Za-z_\x80-\xff];
    digit  = [0-9];
    name   = letter (letter | digit)*;
    dotted = name ("." name)+;
    hex    = [0-9A-Fa-f];
    int    = digit+ 'L'? | '0x' hex+ | digit hex* 'h';
    real   = (digit+ "." digit* | "." digit+) ('e' [-+]? digit+)? [dD]? | digit+ 'e' [-+]? digit+ [dD]? | digit+ [dD];

    blank+            { goto again; }
    "--"              { while (cursor < limit && *cursor != '\n') cursor++; goto again; }
    "/*"              { goto comment; }
    "'"               { goto quoted; }
    "\""              { goto quoted; }
    "$" (name ("." name)*)  { KIND(TK_VAR); }
    "$\""             { goto quoted; }
    "@" name          { KIND(TK_PARAM); }
    "@\""             { goto quoted; }
    int | real        { KIND(TK_NUMBER); }

    ";" { KIND(TK_SEMI); }   "," { KIND(TK_COMMA); }
    "(" { KIND(TK_LP); }     ")" { KIND(TK_RP); }
    "[" { KIND(TK_LB); }     "]" { KIND(TK_RB); }
    "?" { KIND(TK_QUESTION); }
    ":" { KIND(TK_COLON); }  "::" { KIND(TK_CAST_TO); }
    [-+*/%^~&|#<>=!]  { cursor = *start + 1; KIND(LEX_SYMBOL); }

    'ALTER' { KIND(TK_ALTER); }         'ANALYZE' { KIND(TK_ANALYZE); }     'ANTI' { KIND(TK_ANTI); }
    'ARRAY' { KIND(TK_ARRAY); }         'AS' { KIND(TK_AS); }               'ASC' { KIND(TK_ASC); }
    'AT' { KIND(TK_AT); }               'BEGIN' { KIND(TK_BEGIN); }         'BREAK' { KIND(TK_BREAK); }
    'BY' { KIND(TK_BY); }               'CALL' | 'EXEC' { KIND(TK_CALL); }  'CASE' { KIND(TK_CASE); }
    'CAST' { KIND(TK_CAST); }           'CAT' | 'CONCAT' { KIND(TK_UNION_KIND); }
    'COLUMNS' | 'ATTRIBUTES' | 'PROPERTIES' { KIND(TK_COLUMNS); }
    'COMMENT' { KIND(TK_COMMENT); }     'CONTINUE' { KIND(TK_CONTINUE); }   'COPY' | 'SAVE' { KIND(TK_COPY); }
    'CREATE' { KIND(TK_CREATE); }       'LOAD' { KIND(TK_LOAD); }           'CURRENT' { KIND(TK_CURRENT); }
    'DESC' { KIND(TK_DESC); }           'DESCRIBE' { KIND(TK_DESCRIBE); }   'DISTINCT' { KIND(TK_DISTINCT); }
    'DROP' { KIND(TK_DROP); }           'DS' { KIND(TK_DS); }               'ELSE' { KIND(TK_ELSE); }
    'ELSEIF' { KIND(TK_ELSEIF); }       'END' { KIND(TK_END); }             'EXPECT' { KIND(TK_EXPECT); }
    'EXPLAIN' { KIND(TK_EXPLAIN); }     'FALSE' { KIND(TK_FALSE); }         'FETCH' { KIND(TK_FETCH); }
    'FIRST' { KIND(TK_FIRST); }         'FOLLOWING' { KIND(TK_FOLLOWING); } 'FROM' { KIND(TK_FROM); }
    'FUNCTION' { KIND(TK_FUNCTION); }   'GROUP' { KIND(TK_GROUP); }         'HAVING' { KIND(TK_HAVING); }
    'IF' { KIND(TK_IF); }               'INCLUDE' { KIND(TK_INCLUDE); }     'INPUT' { KIND(TK_INPUT); }
    'INTO' { KIND(TK_INTO); }           'IS' { KIND(TK_IS); }               'JOIN' { KIND(TK_JOIN); }
    'KEY' { KIND(TK_KEY); }             'LAST' { KIND(TK_LAST); }           'LEAST' { KIND(TK_LEAST); }
    'LET' { KIND(TK_LET); }             'LIMIT' { KIND(TK_LIMIT); }         'LOOP' { KIND(TK_LOOP); }
    'INNER' | 'LEFT' | 'RIGHT' | 'OUTER' { KIND(TK_SIDE); }
    'NOT' { KIND(TK_NOT); }             'NULL' { KIND(TK_NULL); }           'NULLS' { KIND(TK_NULLS); }
    'ON' { KIND(TK_ON); }               'OPTIONS' { KIND(TK_OPTIONS); }     'ORDER' { KIND(TK_ORDER); }
    'OUTPUT' { KIND(TK_OUTPUT); }       'OVER' { KIND(TK_OVER); }           'PARTITION' { KIND(TK_PARTITION); }
    'PRECEDING' { KIND(TK_PRECEDING); } 'PROCEDURE' { KIND(TK_PROCEDURE); } 'RAISE' { KIND(TK_RAISE); }
    'RANGE' { KIND(TK_RANGE); }         'RECORD' { KIND(TK_RECORD); }       'REPLACE' { KIND(TK_REPLACE); }
    'RETURN' { KIND(TK_RETURN); }       'ROW' { KIND(TK_ROW); }             'ROWS' { KIND(TK_ROWS); }
    'SAMPLE' { KIND(TK_SAMPLE); }       'SELECT' { KIND(TK_SELECT); }       'SET' { KIND(TK_SET); }
    'DEBUG' | 'INFO' | 'LOG' | 'NOTICE' | 'WARN' | 'WARNING' | 'ERROR' | 'EXCEPTION' { KIND(TK_SEVERITY); }
    'SHOW' { KIND(TK_SHOW); }           'SPLIT' { KIND(TK_SPLIT); }         'THEN' { KIND(TK_THEN); }
    'TRANSFORM' { KIND(TK_TRANSFORM); } 'TRUE' { KIND(TK_TRUE); }           'TRY' { KIND(TK_TRY); }
    'UNBOUNDED' { KIND(TK_UNBOUNDED); } 'UNION' { KIND(TK_UNION); }         'USING' { KIND(TK_USING); }
    'WHEN' { KIND(TK_WHEN); }
    'VALUE' | 'POINT' | 'POI' | 'POLYGON' | 'TRACK' | 'SEGMENTEDTRACK' | 'SEGMENT' | 'TRACKSEGMENT' { KIND(TK_LEVEL); }
    'WHERE' { KIND(TK_WHERE); }         'WHILE' { KIND(TK_WHILE); }         'YIELD' { KIND(TK_YIELD); }
    name | dotted     { KIND(TK_NAME); }

    *                 { KIND(TK_BAD); }
    $                 { KIND(LEX_END); }
  */
comment:
  for (; cursor < limit; cursor++)
    if (cursor[0] == '*' && cursor + 1 < limit && cursor[1] == '/') {
      cursor += 2;
      goto again;
    }
  KIND(LEX_FATAL);
quoted: {
  char quote = cursor[-1];
  kind = **start == '$' ? TK_VAR : **start == '@' ? TK_PARAM : quote == '"' ? TK_QNAME : TK_STRING;
  for (; cursor < limit; cursor++) {
    if (*cursor != quote) continue;
    if (cursor + 1 < limit && cursor[1] == quote) {
      cursor++;
      continue;
    }
    cursor++;
    goto done;
  }
  KIND(LEX_FATAL);
}
done:
  lexer->next = cursor;
  return kind;
}
