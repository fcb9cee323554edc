/* statements.c - one row for every statement and clause. */
#include "lang/statements.h"

#define LOAD_GROUP "Datasets in and out"
#define WORK_GROUP "Work on datasets"
#define SCOPE_GROUP "What datasets a statement reads"
#define QUERY_GROUP "Clauses of SELECT"
#define FLOW_GROUP "Variables and control flow"
#define OWN_GROUP "Own functions, procedures and transforms"
#define REST_GROUP "The session"
#define TEXT_GROUP "Parts of expressions"

static const StatementRow rows[] = {
  {LOAD_GROUP, "LOAD",
   "LOAD|CREATE [DS] \"name\" [*] adapter[(@parameter = value, ...)] [VALUE (columns)]\n"
   "    FROM path [PARTITION n] [BY HASHCODE|SOURCE|RANDOM];",
   "Makes a dataset of files; nothing is read before it is needed. The path is a file, a glob, a folder, an "
   "array or a list with commas of these, or '-' for standard input. In the list of columns _ skips one. "
   "PARTITION n cuts the input into n contiguous blocks; BY SOURCE gives every file its own partition, BY "
   "RANDOM spreads the records, BY HASHCODE, the default, keys records by their hash and moves nothing. With * "
   "there is one dataset for each sub-folder (or file, where there are none), called name/source. Folders called "
   "name=value give attributes. The name must be new.",
   "LOAD \"flights\" csv(@null = 'NA') FROM 'data/*.csv.gz' PARTITION 8;"},
  {LOAD_GROUP, "COPY",
   "COPY|SAVE [DS] \"name\" [PARTITION parts], ... adapter[(@parameter = value, ...)] [VALUE (columns)] INTO "
   "path;\n"
   "COPY|SAVE \"prefix\" * [PARTITION parts] adapter[(...)] [VALUE (columns)] INTO path;",
   "Writes datasets below a folder: path/name/part-00000.csv and so on, one file for each partition, or "
   "path/name.csv with @single = TRUE. All files of the statement appear together when they are complete; a "
   "failed COPY leaves nothing. An existing target is an error unless @mode is 'overwrite', 'append' or "
   "'ignore'. INTO '-' is standard output. VALUE chooses and orders the columns. @partition_by = [\"year\", \"month\"] "
   "writes path/name/year=2024/month=02/part-00000.csv for every combination, without these attributes.",
   "COPY \"day/\" * csv(@single = TRUE, @codec = 'zst') INTO 'out';"},
  {LOAD_GROUP, "SPLIT",
   "SPLIT \"name\" [PARTITION parts] BY expression [AS name], ... INTO \"prefix\" * [PARTITION n];",
   "Makes one dataset for every combination of values that occurs, called prefix + value1/value2/..., in one "
   "pass. Values are made safe for paths, reversibly. OPTIONS @split_names = 'hive' calls them name=value, by AS or "
   "the attribute. Each dataset has n partitions, 1 by default. DS_LIST('prefix') gives the names.",
   "SPLIT \"events\" BY country, STR_SLICE(day, 0, 7) INTO \"by/\" *;"},
  {LOAD_GROUP, "EXEC",
   "EXEC adapter(@parameter = value, ...) statement [USING value|array] [INTO $variable];",
   "Runs one statement of a database. What USING gives takes the place of its ? in order, bound, never as a part of its text. INTO "
   "gets the number of rows that it changed, NULL where that is not known. It is a transaction of its own; datasets that were "
   "made before and are read later see what it did.",
   "EXEC postgres(@url = $url) 'UPDATE jobs SET state = ? WHERE id = ?' USING ['done', 7] INTO $changed;"},
  {WORK_GROUP, "ALTER",
   "ALTER [DS] \"name\" [*] [PARTITION parts] alteration... [INTO \"other\" [*]];\n"
   "alteration: [SET] KEY expression | PARTITION [n] | [TRANSFORM] transform[(@parameter = value, ...)] | VALUE "
   "(columns)",
   "Changes a dataset, or with INTO makes another and keeps the first. Alterations work from left to right, any "
   "number of them. KEY sets the key of every record; a PARTITION behind it sends each record to partition key "
   "mod n (other keys go by their hash). PARTITION without a KEY ever set cuts anew in order; without n the "
   "number stays. A first PARTITION with INTO and another alteration behind it chooses the partitions to read.",
   "ALTER \"events\" SET KEY INT \"day\" - 1 PARTITION 31;"},
  {WORK_GROUP, "SELECT",
   "SELECT [DISTINCT [KEY]] * | expression [AS \"name\"], ...\n"
   "    FROM scope INTO \"name\" [*] [FROM ... INTO ...]\n"
   "    [WHERE condition] [GROUP BY ...] [HAVING ...] [ORDER BY ...] [LIMIT n[%] | SAMPLE n[%]];",
   "Makes a dataset of chosen records and computed attributes; partitions, keys and order are those of the "
   "input. Without an alias an item is called as it is written, without blanks. Several FROM and INTO match "
   "from left to right, a wildcard goes with a wildcard. The output's name must be new. In the shell INTO may "
   "be left out.",
   "SELECT carrier, INT dep_delay AS delay FROM \"flights\" WHERE origin = 'JFK' INTO \"late\";"},
  {WORK_GROUP, "CALL",
   "CALL|EXEC name[(@parameter = value, ...)] [INPUT [FROM] scope, ...] [OUTPUT [INTO] \"name\", ...];\n"
   "CALL|EXEC name[(...)] INPUT alias [FROM] scope, ... OUTPUT alias [INTO] \"name\", ...;",
   "Runs a procedure, an operation or a transform. The first input makes the first output, and so on, a wildcard "
   "goes with a wildcard; operations with named inputs and outputs take them by alias. A scope may have a "
   "PARTITION, or be a UNION or JOIN. Outputs must be new.",
   "CALL countByKey INPUT FROM \"events\" OUTPUT INTO \"counts\";"},
  {WORK_GROUP, "ANALYZE",
   "ANALYZE [DS] \"name\" [*] [KEY expression] [PARTITION];",
   "Counts the records and the distinct keys of a dataset and adds a record to \"_metrics\" with _name, _type, "
   "_parts, _counter, _total, _unique, _average and _median (of the records for a key). With PARTITION there is "
   "also \"_metrics_<name>\", with a record for each partition.",
   "ANALYZE \"flights\" KEY carrier;"},
  {WORK_GROUP, "EXPECT",
   "EXPECT [DS] scope WHERE condition [AT LEAST p%] [ELSE RAISE [level] expression];",
   "Checks that all records, or at least p percent, meet a condition. If not, the script stops, or RAISE says "
   "what happens.",
   "EXPECT \"flights\" WHERE origin IS NOT NULL AT LEAST 99% ELSE RAISE WARN 'many flights without origin';"},
  {SCOPE_GROUP, "PARTITION parts",
   "\"name\" PARTITION n|array        \"prefix\" * PARTITION n|array",
   "Only those partitions, in that order, repeats included. It is a reference: nothing is copied, and only what "
   "those partitions need is read. A number past the end gives an empty partition and one warning with a count.",
   "SELECT * FROM \"events\" PARTITION RANGE[0, 15] INTO \"first\";"},
  {SCOPE_GROUP, "UNION",
   "UNION [CAT|CONCAT] \"a\", \"b\", ...        UNION \"prefix\" *\n"
   "UNION XOR \"a\", \"b\", ...                 UNION AND \"a\", \"b\", ...",
   "All records of the inputs, one after another; their partitions add up. The inputs have the same attributes, "
   "in any order. XOR keeps records (key and object) that are in exactly one input, AND those that are in all. "
   "It takes all commas behind it: in lists it stands last or in parentheses.",
   "SELECT * FROM UNION \"january\", \"february\" INTO \"both\";"},
  {SCOPE_GROUP, "JOIN",
   "[INNER|LEFT|RIGHT|OUTER] JOIN \"a\" [AS alias], \"b\", ...\n"
   "LEFT ANTI JOIN \"a\", \"b\", ...        RIGHT ANTI JOIN \"a\", \"b\", ...",
   "Records with equal keys, in all pairs; set the keys by ALTER ... KEY first. Attributes are called \"a.x\". "
   "Where a side is missing its attributes are NULL. LEFT ANTI gives the records of the first input whose key "
   "is in none of the others, RIGHT ANTI those of the last. NULL keys meet nothing.",
   "SELECT \"f.carrier\", \"a.name\" FROM LEFT JOIN \"flights\" AS f, \"airlines\" AS a INTO \"named\";"},
  {QUERY_GROUP, "WHERE",
   "WHERE [level] condition",
   "Keeps the records for which the condition is TRUE; NULL is not.",
   "SELECT * FROM \"flights\" WHERE INT distance > 1000 AND carrier IN ['AA', 'UA'] INTO \"far\";"},
  {QUERY_GROUP, "DISTINCT",
   "SELECT DISTINCT ...        SELECT DISTINCT KEY ...",
   "Leaves out records that were there before. Records are compared by their attributes, with KEY by key and "
   "attributes.",
   "SELECT DISTINCT carrier, origin FROM \"flights\" INTO \"pairs\";"},
  {QUERY_GROUP, "GROUP BY",
   "GROUP BY expression, ... [HAVING condition]",
   "One record for each group, in order of first occurrence, in one partition; the key is the group's value. "
   "Items are group expressions and aggregates: COUNT, SUM, MIN, MAX, AVG and others. HAVING chooses groups.",
   "SELECT carrier, COUNT(*) AS flights, AVG(distance) AS mean FROM \"flights\" GROUP BY carrier HAVING "
   "COUNT(*) > 100 INTO \"carriers\";"},
  {QUERY_GROUP, "ORDER BY",
   "ORDER BY expression [ASC|DESC] [NULLS FIRST|LAST], ...",
   "Sorts the whole dataset; equal records keep their order, NULL comes last. The number of partitions stays. "
   "Text is sorted as text: sort numbers in text columns by a cast; where all looked like numbers, a warning says so.",
   "SELECT * FROM \"flights\" ORDER BY INT distance DESC, carrier INTO \"sorted\";"},
  {QUERY_GROUP, "LIMIT",
   "LIMIT n | LIMIT p%",
   "The first n records, in the order of the dataset; no more than needed is read. With % a random share of the "
   "records, the same for the same --seed.",
   "SELECT * FROM \"flights\" LIMIT 100 INTO \"head\";"},
  {QUERY_GROUP, "SAMPLE",
   "SAMPLE n | SAMPLE p%",
   "n random records, or a random share of p percent; the same for the same --seed.",
   "SELECT * FROM \"flights\" SAMPLE 1000 INTO \"some\";"},
  {QUERY_GROUP, "OVER",
   "function(...) OVER ([PARTITION BY expression, ...] [ORDER BY ...]\n"
   "    [ROWS bound | ROWS BETWEEN bound AND bound])\n"
   "bound: UNBOUNDED PRECEDING | n PRECEDING | CURRENT ROW | n FOLLOWING | UNBOUNDED FOLLOWING",
   "A window function, computed for each record over the records of its window: places (ROW_NUMBER, RANK, NTILE), "
   "neighbours (LAG, LEAD), values and aggregates of its frame. Without ROWS the frame goes from the window's first record "
   "to the current one and those equal to it; without ORDER BY it is the whole window. Records stay where they are. It "
   "stands in items and ORDER BY; filter by it in a further SELECT.",
   "SELECT carrier, ROW_NUMBER() OVER (PARTITION BY carrier ORDER BY INT distance DESC) AS rank FROM "
   "\"flights\" INTO \"ranks\";"},
  {FLOW_GROUP, "LET",
   "[LET] $name = expression;        [LET] expression;\n"
   "[LET] $name = SELECT [DISTINCT] expression FROM scope [WHERE ...] [LIMIT ...];",
   "Sets a variable where it is known already, else in this block; NULL removes it. A SELECT gives an array of "
   "the values of all records. At the start of a statement $name = always assigns.",
   "LET $days = RANGE[1, 31]; LET $carriers = SELECT DISTINCT carrier FROM \"flights\";"},
  {FLOW_GROUP, "IF",
   "IF condition THEN statements [ELSEIF condition THEN statements]... [ELSE statements] END [IF];",
   "Runs the statements behind the first condition that is TRUE.",
   "IF $n > 10 THEN RAISE INFO 'many'; ELSEIF $n > 0 THEN RAISE INFO 'some'; ELSE RAISE WARN 'none'; END IF;"},
  {FLOW_GROUP, "LOOP",
   "LOOP $name [IN] expression BEGIN statements [ELSE statements] END [LOOP];",
   "Runs the statements for each element of an array. ELSE runs once when the array is NULL or empty.",
   "LOOP $day IN RANGE[1, 31] BEGIN SELECT * FROM \"events\" PARTITION $day - 1 INTO \"day/{$day}\"; END LOOP;"},
  {FLOW_GROUP, "WHILE",
   "WHILE condition BEGIN statements END [WHILE];",
   "Runs the statements as long as the condition is TRUE.",
   "LET $n = 10; WHILE $n > 0 BEGIN LET $n = $n - 1; END WHILE;"},
  {FLOW_GROUP, "BREAK",
   "BREAK;",
   "Ends the innermost LOOP or WHILE.",
   "LOOP $i IN [1, 2, 3] BEGIN IF $i = 2 THEN BREAK; END IF; END LOOP;"},
  {FLOW_GROUP, "CONTINUE",
   "CONTINUE;",
   "Goes on with the next round of the innermost LOOP or WHILE.",
   "LOOP $i IN [1, 2, 3] BEGIN IF $i = 2 THEN CONTINUE; END IF; RAISE INFO $i; END LOOP;"},
  {FLOW_GROUP, "TRY",
   "TRY BEGIN statements ON ERROR [$message] statements END [TRY];",
   "When a statement fails the others behind ON ERROR run, with the message in a variable. What the block made "
   "is computed at its end, so that its errors are caught here.",
   "TRY BEGIN LOAD \"extra\" csv FROM 'extra.csv'; ON ERROR $message RAISE WARN $message; END TRY;"},
  {FLOW_GROUP, "RAISE",
   "RAISE [DEBUG|INFO|LOG|NOTICE|WARN|WARNING|ERROR|EXCEPTION] expression;",
   "Prints a message on standard error. ERROR and EXCEPTION, the default, stop the script with exit status 1.",
   "RAISE INFO 'there are {ARR_LENGTH(DS_LIST(''day/''))} days';"},
  {FLOW_GROUP, "BEGIN",
   "BEGIN statements END;",
   "A block: variables that are first set in it are gone behind it.",
   "BEGIN LET $temporary = 1; END;"},
  {OWN_GROUP, "FUNCTION",
   "[CREATE [OR REPLACE]] FUNCTION name[(@a, @b = default, ...)] [RECORD [[FETCH] [INTO] [@key,] @object]] "
   "[COMMENT 'text']\n"
   "    [AS] RETURN expression; | AS expression; | [AS] BEGIN statements END [FUNCTION];",
   "A function of expressions; arguments are given by position, parameter @a is read as $a. The body holds LET, "
   "IF, LOOP, WHILE, TRY, RAISE and RETURN, and every way through it ends in RETURN. It may recurse and may be "
   "defined behind its use. RECORD functions see the attributes of the current record, $key and $object.",
   "CREATE FUNCTION bucket(@id, @n = 16) AS RETURN HASHCODE $id % $n;"},
  {OWN_GROUP, "PROCEDURE",
   "[CREATE [OR REPLACE]] PROCEDURE name[(@a, @b = default, ...)] [COMMENT 'text'] [AS] BEGIN statements END "
   "[PROCEDURE];",
   "Statements under a name, run by CALL. Parameters are given by name; @a is read as $a. Called with INPUT and "
   "OUTPUT it finds the names of its datasets in $INPUT and $OUTPUT, or $INPUT.alias and $OUTPUT.alias, which are "
   "NULL where the call leaves them out; datasets whose names begin with {$TEMP} go when it ends. One that "
   "reads $INPUT and makes $OUTPUT can stand in ALTER, too.",
   "CREATE PROCEDURE hello(@who = 'you') AS BEGIN RAISE INFO 'hello {$who}'; END PROCEDURE; CALL hello(@who = "
   "'world');"},
  {OWN_GROUP, "TRANSFORM",
   "[CREATE [OR REPLACE]] TRANSFORM name[(@a, ...)] FROM type, ... INTO type [VALUE (columns)] [COMMENT "
   "'text']\n"
   "    [AS] [LOOP] BEGIN statements END [TRANSFORM];",
   "What ALTER and CALL do to each partition. The body runs again and again until RETURN, or until a round in "
   "which FETCH has found no more records: FETCH takes the next record, YIELD gives one. Names are attributes of "
   "the current record; variables live as long as the partition, whose number is $PARTITION; "
   "$\"ATTRS:Value\" has the names of the attributes that are asked for. Types: COLUMNAR, STRUCTURED, PLAINTEXT, "
   "POINT, TRACK, POLYGON, PASSTHRU (any).",
   "CREATE TRANSFORM twice FROM COLUMNAR INTO COLUMNAR AS LOOP BEGIN FETCH @r; IF $NOTFOUND THEN RETURN; END "
   "IF; YIELD REC_KEY(), $r; YIELD REC_KEY(), $r; END TRANSFORM;"},
  {OWN_GROUP, "RETURN",
   "RETURN expression;        RETURN;",
   "Ends a function with a value; ends the partition in a TRANSFORM.",
   "CREATE FUNCTION half(@x) AS BEGIN RETURN $x / 2; END FUNCTION;"},
  {OWN_GROUP, "FETCH",
   "FETCH [INTO] [@key,] @object;",
   "In a TRANSFORM: the next record of the partition. Behind the last one $NOTFOUND is TRUE, @key and @object are "
   "NULL, and names of attributes are errors.",
   "CREATE TRANSFORM keys FROM ANY INTO PLAINTEXT AS BEGIN FETCH INTO @key, @record; IF $NOTFOUND THEN RETURN; "
   "END IF; YIELD $key, $key; END TRANSFORM;"},
  {OWN_GROUP, "YIELD",
   "YIELD key, object;",
   "In a TRANSFORM: a record of the result. Of a Columnar record (COLUMNAR_MAKE, @object of FETCH) the attributes "
   "of the result are taken by name, those that it does not have are NULL; text results take any value.",
   "CREATE TRANSFORM once FROM ANY INTO PLAINTEXT AS BEGIN YIELD 1, 'one'; RETURN; END TRANSFORM;"},
  {OWN_GROUP, "DROP",
   "DROP FUNCTION|PROCEDURE|TRANSFORM name, ...;",
   "Forgets own definitions; unknown names are left alone.",
   "DROP FUNCTION bucket, half;"},
  {REST_GROUP, "OPTIONS",
   "OPTIONS @name = value, ...;",
   "Sets options of the run, before everything else, wherever it stands. The command line wins.",
   "OPTIONS @memory = '2G', @bad_records = 'skip';"},
  {REST_GROUP, "INCLUDE",
   "INCLUDE 'file';",
   "The statements of another script in this place. The path is a literal, relative to the script that names it.",
   "INCLUDE 'stdlib/dates.tdl';"},
  {REST_GROUP, "SHOW",
   "SHOW DATASETS|FUNCTIONS|TRANSFORMS|ADAPTERS|OPTIONS;",
   "Prints what there is on standard output.",
   "SHOW DATASETS;"},
  {REST_GROUP, "DESCRIBE",
   "DESCRIBE [DS] \"name\";",
   "Prints type, partitions and columns of a dataset; its rows and the columns' types where they are known.",
   "DESCRIBE \"flights\";"},
  {REST_GROUP, "EXPLAIN",
   "EXPLAIN statement;",
   "Prints the plan of a statement without running it.",
   "EXPLAIN SELECT * FROM \"flights\" WHERE origin = 'JFK' INTO \"x\";"},
  {TEXT_GROUP, "CASE",
   "CASE WHEN condition THEN value [WHEN ...]... [ELSE value] END\n"
   "CASE operand WHEN value THEN value [WHEN ...]... [ELSE value] END",
   "The value behind the first condition that is TRUE, or behind the first value that equals the operand; NULL "
   "without ELSE.",
   "LET $size = CASE WHEN $n > 1000 THEN 'large' ELSE 'small' END;"},
  {TEXT_GROUP, "CAST",
   "CAST(expression AS type)        expression::type        TYPE expression",
   "Converts a value. Types: BOOL, INT (LONG), DOUBLE, DECIMAL, STRING, DATE, TIME, TIMESTAMP, BINARY, STRUCT "
   "(JSON) and RAW. What cannot be converted is an error.",
   "LET $n = CAST('42' AS INT) + '1'::INT + INT '7';"},
  {TEXT_GROUP, "ARRAY",
   "[a, b, ...]        ARRAY[a, b, ...]        RANGE[a, b]",
   "An array of values; RANGE counts from a to b, both included, up or down.",
   "LET $words = ['one', 'two']; LET $down = RANGE[3, 1];"},
  {TEXT_GROUP, "INTERPOLATION",
   "'text {expression} text'        \"name {expression}\"        \\{ and \\} are plain braces",
   "The expression is evaluated when the statement is, not for each record, and its text put in place; NULL is "
   "put as null.",
   "LET $name = 'flights of {$year}';"},
};

const StatementRow *statement_rows(size_t *count) {
  *count = sizeof rows / sizeof *rows;
  return rows;
}

/* "LOAD|CREATE [DS] …" begins with either word. */
static bool begins_with(const char *syntax, Str word) {
  for (;;) {
    size_t len = strcspn(syntax, "| \n");
    if (str_eq_nocase(str_make(syntax, len), word)) return true;
    if (syntax[len] != '|') return false;
    syntax += len + 1;
  }
}

const StatementRow *statement_find(Str word) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (str_eq_nocase(str_of(rows[i].name), word) || begins_with(rows[i].syntax, word)) return &rows[i];
  return NULL;
}
