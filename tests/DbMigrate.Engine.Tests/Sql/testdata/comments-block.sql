/* a; comment */ SELECT 1 /* inside; */, 2;
/* nested /* deeper; */ still; */ SELECT 3;
/**/ SELECT 4; /***/ SELECT 5; /*/ */ SELECT 6; /* **/ SELECT 7;
/* // * / /**/ */ SELECT 8; /* -- */ SELECT 9;
/*
 * SELECT 'not a string
 */
SELECT 10 /* end */;
/* nothing but a comment */
