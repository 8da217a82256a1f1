{# The day of a Finance date, which comes as noon UTC; NULL for the two days by which Finance says "none" and "open". #}
{% macro finance_day(column) -%}
  case
    when cast({{ column }} as date) in (cast('1900-01-01' as date), cast('2154-12-31' as date)) then null
    else cast({{ column }} as date)
  end
{%- endmacro %}

{# Company and number of every posted document with the id of our invoice, as a subquery; Finance gives a number once. #}
{% macro posted_finance_documents() -%}
  (
    select
      legal_entity_source_id as company,
      invoice_number,
      min(source_id) as source_id
    from {{ ref('map_dynamics365__invoice') }}
    where status = 'posted'
    group by
      legal_entity_source_id,
      invoice_number
  )
{%- endmacro %}

{# What an invoice line is for, by its project category; every other category is a kind of service. #}
{% macro finance_line_type(category) -%}
  case {{ category }}
    when 'RETAINAGE' then 'retainage'
    when 'RETAINREL' then 'retainage_release'
    when 'TRUEUP' then 'true_up'
    when 'RETAINER' then 'retainer'
    when 'LATEFEE' then 'late_fee'
    else 'items'
  end
{%- endmacro %}

{# A time zone of Finance as a name of the tz database; NULL for one that is not listed here. #}
{% macro finance_time_zone(code) -%}
  case {{ code }}
    when 'GMT_COORDINATEDUNIVERSALTIME' then 'UTC'
    when 'GMT_DUBLIN_EDINBURGH_LISBON_LONDON' then 'Europe/London'
    when 'GMTMINUS0300BRASILIA' then 'America/Sao_Paulo'
    when 'GMTMINUS0300BUENOSAIRES' then 'America/Argentina/Buenos_Aires'
    when 'GMTMINUS0330NEWFOUNDLAND' then 'America/St_Johns'
    when 'GMTMINUS0400ATLANTICTIME' then 'America/Halifax'
    when 'GMTMINUS0400SANTIAGO' then 'America/Santiago'
    when 'GMTMINUS0500BOGOTA_LIMA_QUITO_RIOBRANCO' then 'America/Bogota'
    when 'GMTMINUS0500EASTERNTIME' then 'America/New_York'
    when 'GMTMINUS0600CENTRALTIME' then 'America/Chicago'
    when 'GMTMINUS0600GUADALAJARA_MEXICOCITY' then 'America/Mexico_City'
    when 'GMTMINUS0700ARIZONA' then 'America/Phoenix'
    when 'GMTMINUS0700MOUNTAINTIME' then 'America/Denver'
    when 'GMTMINUS0800PACIFICTIME' then 'America/Los_Angeles'
    when 'GMTMINUS0900ALASKA' then 'America/Anchorage'
    when 'GMTMINUS1000HAWAII' then 'Pacific/Honolulu'
    when 'GMTPLUS0100_AMSTERDAM_BERLIN_BERN_ROME' then 'Europe/Berlin'
    when 'GMTPLUS0100BELGRADE_BRATISLAVA_BUDAPEST' then 'Europe/Budapest'
    when 'GMTPLUS0100BRUSSELS_COPENHAGEN_MADRID' then 'Europe/Paris'
    when 'GMTPLUS0100SARAJEVO_SKOPJE_WARSAW_ZAGREB' then 'Europe/Warsaw'
    when 'GMTPLUS0200ATHENS_BUCHAREST_ISTANBUL' then 'Europe/Athens'
    when 'GMTPLUS0200CAIRO' then 'Africa/Cairo'
    when 'GMTPLUS0200HARARE_PRETORIA' then 'Africa/Johannesburg'
    when 'GMTPLUS0200HELSINKI_KYIV_RIGA_VILNIUS' then 'Europe/Helsinki'
    when 'GMTPLUS0200ISTANBUL' then 'Europe/Istanbul'
    when 'GMTPLUS0200JERUSALEM' then 'Asia/Jerusalem'
    when 'GMTPLUS0300KUWAIT_RIYADH' then 'Asia/Riyadh'
    when 'GMTPLUS0300NAIROBI' then 'Africa/Nairobi'
    when 'GMTPLUS0400ABUDHABI_MUSCAT' then 'Asia/Dubai'
    when 'GMTPLUS0500ISLAMABAD_KARACHI' then 'Asia/Karachi'
    when 'GMTPLUS0530CHENNAI_KOLKATA_MUMBAI' then 'Asia/Kolkata'
    when 'GMTPLUS0600DHAKA' then 'Asia/Dhaka'
    when 'GMTPLUS0700_BANGKOK_HANOI_JAKARTA' then 'Asia/Bangkok'
    when 'GMTPLUS0800BEIJING_CHONGQING_HONGKONG' then 'Asia/Shanghai'
    when 'GMTPLUS0800KUALALUMPUR_SINGAPORE' then 'Asia/Singapore'
    when 'GMTPLUS0800PERTH' then 'Australia/Perth'
    when 'GMTPLUS0800TAIPEI' then 'Asia/Taipei'
    when 'GMTPLUS0900OSAKA_SAPPORO_TOKYO' then 'Asia/Tokyo'
    when 'GMTPLUS0900SEOUL' then 'Asia/Seoul'
    when 'GMTPLUS0930ADELAIDE' then 'Australia/Adelaide'
    when 'GMTPLUS1000BRISBANE' then 'Australia/Brisbane'
    when 'GMTPLUS1000CANBERRA_MELBOURNE_SYDNEY' then 'Australia/Sydney'
    when 'GMTPLUS1200AUCKLAND_WELLINGTON' then 'Pacific/Auckland'
  end
{%- endmacro %}
