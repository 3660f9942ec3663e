SELECT a=-1, a<-1, a@-1, a!=-1, a*-1, a*+-1, a?-b, a<->b, a||-b, a->-1, a->>'k' FROM t;
SELECT 1+-+-+-1, 2 ^ -3, @-5, |/ 25, a #>> '{a,b}', a #- b FROM t;
SELECT a %% b, a ~~* 'x', a !~ 'y', a && b FROM t;
