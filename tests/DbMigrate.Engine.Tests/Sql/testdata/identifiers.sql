SELECT "a;b", "c""d;", "E'", "--", "/*" FROM "t;";
SELECT été, 日本語, _x, a1, A$1, "x""" FROM ñ;
SELECT t."select", t.end, t.case FROM t;
