SELECT E'not closed\';
