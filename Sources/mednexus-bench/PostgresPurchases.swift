/// The bookkeeping of a purchase as somebody would write it in PostgreSQL: the same checks, the same records, one function
/// called in one transaction. It verifies no signature, chains no hash, proves nothing, and runs in one place.
enum PostgresPurchases {
    static func schema(accounts: Int, works: Int, derivatives: Int, funds: UInt64, price: UInt64) -> String {
        """
        CREATE TABLE account (id int PRIMARY KEY, sequence bigint NOT NULL, sponsor int NOT NULL);
        CREATE TABLE balance (account int PRIMARY KEY, amount bigint NOT NULL, entries bigint NOT NULL);
        CREATE TABLE statement (
            account int, entry bigint, amount bigint, balance bigint, vault int, license bigint, at timestamptz,
            PRIMARY KEY (account, entry));
        CREATE TABLE inft (id int PRIMARY KEY, owner int NOT NULL, status smallint NOT NULL, live int NOT NULL);
        CREATE TABLE vault (
            inft int PRIMARY KEY, total bigint NOT NULL, received bigint NOT NULL, active_share bigint NOT NULL,
            next_binding bigint);
        CREATE TABLE holder (inft int, party int, share int, PRIMARY KEY (inft, party));
        CREATE TABLE royalty (inft int, ancestor int, share int, ceiling bigint, PRIMARY KEY (inft, ancestor));
        CREATE TABLE offer (
            id int PRIMARY KEY, inft int NOT NULL, seller int NOT NULL, terms int NOT NULL, price bigint NOT NULL,
            sold bigint NOT NULL, supply bigint, expires_at timestamptz);
        CREATE TABLE license (
            id bigserial PRIMARY KEY, inft int NOT NULL, version int NOT NULL, licensee int NOT NULL,
            licensor int NOT NULL, terms int NOT NULL, price bigint NOT NULL, bought_at timestamptz NOT NULL,
            expires_at timestamptz, ended_at timestamptz);
        CREATE INDEX license_licensee ON license (licensee, bought_at);
        CREATE INDEX license_inft ON license (inft, bought_at);
        CREATE INDEX license_licensor ON license (licensor, bought_at);
        CREATE TABLE event (id bigserial PRIMARY KEY, kind smallint, inft int, party int, license bigint, at timestamptz);
        CREATE INDEX event_inft ON event (inft, id);
        CREATE INDEX event_party ON event (party, id);
        INSERT INTO account SELECT i, 0, i % 8 FROM generate_series(0, \(accounts - 1)) i;
        INSERT INTO balance SELECT i, \(funds), 0 FROM generate_series(0, \(accounts - 1)) i;
        INSERT INTO inft SELECT i, i, 0, 0 FROM generate_series(0, \(works + derivatives - 1)) i;
        INSERT INTO vault SELECT i, 0, 0, CASE WHEN i < \(works) THEN 0 ELSE 100000 END, NULL
            FROM generate_series(0, \(works + derivatives - 1)) i;
        INSERT INTO holder SELECT i, i + h, 250000
            FROM generate_series(0, \(works + derivatives - 1)) i, generate_series(0, 3) h;
        INSERT INTO royalty SELECT \(works) + i, (i + p * (1 + i / \(works) % 7)) % \(works), 50000, NULL
            FROM generate_series(0, \(derivatives - 1)) i, generate_series(0, 1) p;
        INSERT INTO offer SELECT i, \(works) + i, \(accounts - derivatives) + i, 1, \(price), 0, NULL, NULL
            FROM generate_series(0, \(derivatives - 1)) i;
        CREATE FUNCTION purchase(buyer int, wanted int, maximum bigint) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            o offer; left_over bigint; number bigint; made bigint; moment timestamptz := clock_timestamp();
        BEGIN
            UPDATE account SET sequence = sequence + 1 WHERE id = buyer;
            IF NOT FOUND THEN RAISE EXCEPTION 'unknown account'; END IF;
            SELECT * INTO o FROM offer WHERE id = wanted;
            IF NOT FOUND OR o.expires_at <= moment THEN RAISE EXCEPTION 'offer closed'; END IF;
            IF o.price > maximum THEN RAISE EXCEPTION 'price above maximum'; END IF;
            IF o.seller = buyer THEN RAISE EXCEPTION 'own license'; END IF;
            UPDATE balance SET amount = amount - o.price, entries = entries + 1
                WHERE account = buyer AND amount >= o.price RETURNING amount, entries INTO left_over, number;
            IF NOT FOUND THEN RAISE EXCEPTION 'insufficient balance'; END IF;
            UPDATE offer SET sold = sold + 1 WHERE id = wanted AND (supply IS NULL OR sold < supply);
            IF NOT FOUND THEN RAISE EXCEPTION 'sold out'; END IF;
            UPDATE inft SET live = live + 1 WHERE id = o.inft AND status = 0;
            IF NOT FOUND THEN RAISE EXCEPTION 'not active'; END IF;
            INSERT INTO license (inft, version, licensee, licensor, terms, price, bought_at)
                VALUES (o.inft, 1, buyer, o.seller, o.terms, o.price, moment) RETURNING id INTO made;
            -- Shares and royalties follow from the vault's total, as in the ledger: a payment touches no holder.
            UPDATE vault SET total = total + o.price WHERE inft = o.inft;
            INSERT INTO statement VALUES (buyer, number, -o.price, left_over, o.inft, made, moment);
            INSERT INTO event (kind, inft, party, license, at)
                VALUES (1, o.inft, buyer, made, moment), (2, o.inft, o.seller, made, moment);
            RETURN made;
        END $$;
        VACUUM ANALYZE;
        CHECKPOINT;
        """
    }

    /// Buyers and derivatives drawn as ``PurchaseWorkload`` draws them.
    static func script(buyers: Int, hotBuyers: Int, offers: Int, hotOffers: Int, price: UInt64) -> String {
        """
        \\set a random(1, 100)
        \\set b random(1, 100)
        \\if :a <= 80
        \\set buyer random(0, \(hotBuyers - 1))
        \\else
        \\set buyer random(0, \(buyers - 1))
        \\endif
        \\if :b <= 80
        \\set offer random(0, \(hotOffers - 1))
        \\else
        \\set offer random(0, \(offers - 1))
        \\endif
        SELECT purchase(:buyer, :offer, \(price));

        """
    }
}
