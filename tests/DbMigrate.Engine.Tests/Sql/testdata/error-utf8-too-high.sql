SELECT 'ô€€';
